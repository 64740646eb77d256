/*
 * See utf8.h. Called by the console's line editing and the shell's.
 */
#include <common/utf8.h>
#include <stdbool.h>
#include <stdint.h>

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t utf8_start(const char *text, size_t end)
{
    size_t start = end - 1;

    while (start > 0 && end - start < 4 && continues(text[start]))
        start--;
    return start;
}

size_t utf8_length(const char *text, size_t n)
{
    unsigned char first = (unsigned char)text[0];
    size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 && first < 0xf0 ? 3
                    : first >= 0xc2 && first < 0xe0 ? 2 : 1;

    for (size_t i = 1; i < length; i++)
        if (i >= n || !continues(text[i]))
            return 1;
    return length;
}

static uint32_t code_point(const char *text, size_t n)
{
    static const uint8_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text[0] & first_mask[n];

    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t code, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

int utf8_columns(const char *text, size_t n)
{
    /* By blocks: marks (Unicode, chapter 7.9), and wide characters (Unicode Standard Annex 11). */
    static const struct range marks[] = {
        {0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20ff},
        {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    };
    static const struct range wide[] = {
        {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
        {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
    };
    uint32_t code = n > 1 && n <= 4 ? code_point(text, n) : 0;

    if (is_in(code, marks, sizeof marks / sizeof marks[0]))
        return 0;
    return is_in(code, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}
