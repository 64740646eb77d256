/*
 * The page: the template that `make trace-page` builds for guests' traces (tools/trace_page.py), with this trace in it.
 */
#include "schedsim.h"

#include <errno.h>
#include <string.h>

#ifndef TRACE_PAGE_TEMPLATE
#error "the Makefile says where the page's template is"
#endif

#define TITLE_MARK "@TITLE@"
#define TRACE_MARK "@TRACE_BASE64@"

static void write_base64(FILE *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t have = size - i < 3 ? size - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16;
        if (have > 1)
            bits |= (uint32_t)data[i + 1] << 8;
        if (have > 2)
            bits |= data[i + 2];
        putc(digits[bits >> 18], out);
        putc(digits[bits >> 12 & 63], out);
        putc(have > 1 ? digits[bits >> 6 & 63] : '=', out);
        putc(have > 2 ? digits[bits & 63] : '=', out);
    }
}

char *read_page_template(void)
{
    FILE *in = fopen(TRACE_PAGE_TEMPLATE, "rb");
    char *text = NULL;
    size_t room = 0, size = 0;
    if (!in)
        fail("cannot read %s (%s): make trace-page builds it", TRACE_PAGE_TEMPLATE, strerror(errno));
    do {
        text = grow(text, &room, size + 65536, 1);
        size += fread(text + size, 1, room - size - 1, in);
    } while (!feof(in) && !ferror(in));
    if (ferror(in))
        fail("cannot read %s: %s", TRACE_PAGE_TEMPLATE, strerror(errno));
    fclose(in);
    text[size] = '\0';
    if (!strstr(text, TRACE_MARK))
        fail("%s has no place for a trace: make trace-page builds it", TRACE_PAGE_TEMPLATE);
    return text;
}

void write_page(FILE *out, const char *template, const char *title, const void *trace, size_t size)
{
    const char *at = template;
    for (;;) {
        const char *mark = strstr(at, TRACE_MARK), *name = strstr(at, TITLE_MARK);
        const char *next = !mark || (name && name < mark) ? name : mark;
        if (!next)
            break;
        fwrite(at, 1, (size_t)(next - at), out);
        if (next == mark)
            write_base64(out, trace, size);
        else
            fputs(title, out);
        at = next + strlen(next == mark ? TRACE_MARK : TITLE_MARK);
    }
    fputs(at, out);
}
