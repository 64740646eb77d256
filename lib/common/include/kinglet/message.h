/*
 * Messages between clients and servers (docs/messages.md has the same as prose).
 *
 * A request reaches a server in registers: receive and reply_receive return it in
 * a0..a7 in the order of struct message. Paths are delivered into the buffer that
 * the server named with channel_serve; a client's data stays where it is, and the
 * server copies it with grant_read, grant_write or as part of its reply.
 */
#ifndef KINGLET_MESSAGE_H
#define KINGLET_MESSAGE_H

#include <stdint.h>

/* What a server can receive. "path" ops carry one or two NUL-terminated paths inline. */
enum message_op {
    /* from the kernel, no reply wanted */
    MSG_NOTIFY = 1, /* arg0: notification bits since the last receive */
    MSG_CLOSE,      /* cookie: the last handle on this session is gone */
    MSG_CANCEL,     /* token, cookie: that client died; the token is dead already */

    /* path ops: cookie is the directory to start from (leading slashes mean nothing here:
     * the kernel has already chosen root or current directory by them) */
    MSG_OPEN = 16, /* arg0: O_ flags, arg1: mode for O_CREAT -> REPLY_SESSION */
    MSG_STAT,      /* -> struct stat as data */
    MSG_MKDIR,     /* arg0: mode */
    MSG_RMDIR,
    MSG_UNLINK,
    MSG_MKNOD,   /* arg0: mode with type, arg1: major << 8 | minor */
    MSG_MOUNT,   /* arg1: a session handle (now the server's) to redirect to from this path */
    MSG_UNMOUNT, /* undo MSG_MOUNT */
    MSG_RESOLVE, /* only: does this path stay on this server (0) or lead elsewhere (redirect)?
                    The last component need not exist and is not followed. */
    MSG_LINK,    /* two paths: old, new; arg2: cookie of the second path's start */
    MSG_RENAME,  /* the same */

    /* on an open session */
    MSG_READ = 48, /* arg0: offset, arg1: bytes wanted -> data, status = bytes */
    MSG_WRITE,     /* arg0: offset, arg1: bytes offered -> status = bytes taken */
    MSG_SIZE,      /* -> status = size in bytes (lseek SEEK_END) */
    MSG_FSTAT,     /* -> struct stat as data */
    MSG_TRUNCATE,  /* arg0: new size */
    MSG_READDIR,   /* arg0: directory offset (0 at the start, then what REPLY_OFFSET said),
                      arg1: bytes of room -> struct kdirent records, status = bytes, REPLY_OFFSET */
    MSG_SYNC,

    MSG_CALL_FIRST = 80, /* call() can send from here on */

    /* terminals (the console's own control operations, through call()) */
    MSG_TTY_FOREGROUND = 80, /* arg0: job id that ^C ends; 0: none, ^C gives the reader -EINTR
                                 -> status 1: ^C was typed since the last such call */
    MSG_TTY_MODE,            /* arg0: TTY_ bits -> status = the old ones */
    MSG_REGISTER_DRIVER,     /* to a file server: arg0 major, arg1: session handle device nodes of
                                that major redirect to */

    MSG_PRIVATE = 256, /* from here on: a protocol of the server's own */
};

#define TTY_ECHO 1
#define TTY_LINE 2 /* line editing; off: every byte is handed on as it comes */
#define TTY_KEYS 4 /* without line editing: Ctrl-C and Ctrl-P are keys all the same */

/* info word of a message, upper half (lower half: the client's pid) */
#define MSGF_APPEND 0x1  /* the session is O_APPEND */
#define MSGF_NONBLOCK 0x2 /* the session is O_NONBLOCK: -EAGAIN instead of parking the request */
#define MSGF_XV6 0x4     /* the client goes by xv6's rules (SYS_rules) */
#define MSGF_RETRY 0x8   /* it was in service when a server died: that one may have done it already */
#define MSGF_HANDLE 0x10 /* arg1 is a handle that the server now has (CALL_HANDLE, mount): else just a number */

struct message {
    int64_t op;     /* a0: enum message_op, or a negative errno of receive itself */
    uint64_t token; /* a1: names this request in reply and grant calls; 0: none */
    uint64_t cookie; /* a2 */
    uint64_t arg0;   /* a3 */
    uint64_t arg1;   /* a4 */
    uint64_t arg2;   /* a5 */
    uint64_t info;   /* a6: MSGF_ << 32 | pid of the client */
    uint64_t inlined; /* a7: bytes put into the serve buffer (paths with their NULs) */
};

/* reply: what `flags` says about `status`, `data`, `length` and `extra` */
#define REPLY_DATA 0x1     /* copy `length` bytes at `data` to the start of the client's buffer */
#define REPLY_SESSION 0x2  /* open: make a session with cookie `extra`, flags `length` (below) */
#define REPLY_REDIRECT 0x4 /* path op: go on at session handle `extra` of the server, after
                              dropping `length` bytes of the path */
#define REPLY_SECOND 0x8   /* with REPLY_REDIRECT: it is the second path */
#define REPLY_OFFSET 0x10  /* the session's offset becomes `extra` (append, readdir) */
#define REPLY_HANDLE 0x20  /* the client's call returns a copy of the server's handle `extra` */

/* session flags in `length` of a REPLY_SESSION and in channel_connect */
#define SESSION_SEEKABLE 0x1 /* has an offset; one request at a time */
#define SESSION_READ 0x2
#define SESSION_WRITE 0x4
#define SESSION_READY_SHIFT 16 /* first readiness bits, POLL…, from bit 16 up */

struct reply {
    uint64_t token; /* 0: nothing to reply to, just receive */
    int64_t status; /* the client's result: >= 0, or a negative errno */
    const void *data;
    uint64_t length;
    uint64_t extra;
    uint64_t flags; /* REPLY_ */
};

/* call(): direction of the client's buffer and what else goes along */
#define CALL_SEND 0x1    /* the server may read the buffer */
#define CALL_RECEIVE 0x2 /* the server may write it */
#define CALL_HANDLE 0x4  /* arg1 is a handle of the caller's; the server gets a copy */
#define CALL_CLOFORK 0x8 /* a handle that comes back is close-on-fork from the start */
#define CALL_PLAIN 0x10 /* no handle comes back: the call is cheaper, and what the server gives is dropped */

/* Ranks: a server may only call upward. Clients have rank 0 (see docs/architecture.md). */
#define RANK_FILE_SYSTEM 10
#define RANK_DRIVER 20
#define RANK_MAX 255

#endif
