#include "cli/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"

enum { CHUNK_BYTES = 1 << 18, GZIP_WINDOW = MAX_WBITS + 16 };

struct input {
    int fd;            // -1: memory
    bool is_open_here; // standard input is not ours to close
    bool is_gzip, ended;
    bool in_member;                 // gzip: a member was begun and has not ended
    struct str memory;              // what is left of it
    uint64_t size, taken_from_file; // of a regular file; size 0: unknown
    char name[160];
    z_stream z;
    char *raw; // as it comes from the file
    size_t raw_len;
    char *plain;       // inflated; unused without gzip
    struct str window; // in raw or plain: read and not yet taken
};

static enum status input_new(const char *name, struct input **out, struct reason *why);
static enum status recognise(struct input *in, struct reason *why);
static enum status read_raw(struct input *in, struct reason *why);
static enum status inflate_some(struct input *in, struct reason *why);
static voidpf take_memory(voidpf opaque, uInt count, uInt size);
static void give_memory(voidpf opaque, voidpf ptr);

enum status input_open(const char *path, struct input **out, struct reason *why) {
    bool is_stdin = strcmp(path, "-") == 0;
    struct input *in;
    enum status st = input_new(is_stdin ? "standard input" : path, &in, why);
    if (st != STATUS_OK) return st;
    in->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    in->is_open_here = !is_stdin;
    struct stat info;
    if (in->fd < 0 || fstat(in->fd, &info) != 0) {
        st = reason_set(why, status_from_errno(errno), "cannot read %s: %s", in->name,
                        strerror(errno));
    } else if (S_ISDIR(info.st_mode)) {
        st = reason_set(why, STATUS_INVALID, "%s is a directory: name a file", in->name);
    } else {
        in->size = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
        st = recognise(in, why);
    }
    if (st != STATUS_OK) {
        input_close(in);
        return st;
    }
    *out = in;
    return STATUS_OK;
}

enum status input_open_memory(struct str bytes, struct input **out, struct reason *why) {
    enum status st = input_new("memory", out, why);
    if (st != STATUS_OK) return st;
    (*out)->memory = bytes;
    (*out)->size = bytes.len;
    st = recognise(*out, why);
    if (st != STATUS_OK) input_close(*out);
    return st;
}

void input_close(struct input *in) {
    if (!in) return;
    if (in->is_gzip) inflateEnd(&in->z);
    if (in->is_open_here && in->fd >= 0) close(in->fd);
    mem_free(in->raw);
    mem_free(in->plain);
    mem_free(in);
}

enum status input_peek(struct input *in, struct str *bytes, struct reason *why) {
    enum status st = STATUS_OK;
    if (in->window.len == 0 && !in->ended) {
        if (in->is_gzip) {
            st = inflate_some(in, why);
        } else {
            in->raw_len = 0;
            st = read_raw(in, why);
            in->window = (struct str){in->raw, in->raw_len};
            in->ended = in->raw_len == 0;
        }
    }
    *bytes = in->window;
    return st;
}

void input_take(struct input *in, size_t len) {
    assert(len <= in->window.len);
    in->window = str_sub(in->window, len, in->window.len - len);
}

double input_progress(const struct input *in) {
    if (in->size == 0) return -1;
    double part = (double)in->taken_from_file / (double)in->size;
    return part > 1 ? 1 : part;
}

static enum status input_new(const char *name, struct input **out, struct reason *why) {
    struct input *in = mem_zalloc(1, sizeof *in);
    if (in) in->raw = mem_alloc(CHUNK_BYTES);
    if (!in || !in->raw) {
        mem_free(in);
        return reason_set(why, STATUS_NO_MEMORY, "no memory to read %.150s", name);
    }
    in->fd = -1;
    strncat(in->name, name, sizeof in->name - 1);
    *out = in;
    return STATUS_OK;
}

// The first piece decides: 0x1f 0x8b is gzip (RFC 1952), and no text begins so.
static enum status recognise(struct input *in, struct reason *why) {
    enum status st = STATUS_OK;
    for (size_t before = 1; st == STATUS_OK && in->raw_len < 2 && before != in->raw_len;) {
        before = in->raw_len;
        st = read_raw(in, why);
    }
    if (st != STATUS_OK) return st;
    in->is_gzip = in->raw_len >= 2 && memcmp(in->raw, "\x1f\x8b", 2) == 0;
    if (!in->is_gzip) {
        in->window = (struct str){in->raw, in->raw_len};
        in->ended = in->raw_len == 0;
        return STATUS_OK;
    }
    in->plain = mem_alloc(CHUNK_BYTES);
    in->z = (z_stream){.zalloc = take_memory, .zfree = give_memory};
    if (!in->plain || inflateInit2(&in->z, GZIP_WINDOW) != Z_OK) {
        in->is_gzip = false;
        return reason_set(why, STATUS_NO_MEMORY, "no memory to inflate");
    }
    in->z.next_in = (Bytef *)in->raw;
    in->z.avail_in = (uInt)in->raw_len;
    return STATUS_OK;
}

/// Appends to raw; nothing more at the end.
static enum status read_raw(struct input *in, struct reason *why) {
    size_t room = CHUNK_BYTES - in->raw_len;
    ssize_t n;
    if (in->fd < 0) {
        size_t len = in->memory.len < room ? in->memory.len : room;
        if (len) memcpy(in->raw + in->raw_len, in->memory.p, len);
        if (len) in->memory = str_sub(in->memory, len, in->memory.len - len);
        n = (ssize_t)len;
    } else {
        do {
            n = read(in->fd, in->raw + in->raw_len, room);
        } while (n < 0 && errno == EINTR);
    }
    if (n < 0) {
        return reason_set(why, status_from_errno(errno), "cannot read: %s", strerror(errno));
    }
    in->raw_len += (size_t)n;
    in->taken_from_file += (uint64_t)n;
    return STATUS_OK;
}

/// The next piece of plain text into the window. Members that follow each other are one text.
static enum status inflate_some(struct input *in, struct reason *why) {
    z_stream *z = &in->z;
    z->next_out = (Bytef *)in->plain;
    z->avail_out = CHUNK_BYTES;
    while (z->avail_out == CHUNK_BYTES) {
        if (z->avail_in == 0) {
            in->raw_len = 0;
            enum status st = read_raw(in, why);
            if (st != STATUS_OK) return st;
            z->next_in = (Bytef *)in->raw;
            z->avail_in = (uInt)in->raw_len;
        }
        if (z->avail_in == 0) {
            in->ended = true;
            if (!in->in_member) break;
            return reason_set(why, STATUS_CORRUPT, "the gzip data ends too early");
        }
        in->in_member = true;
        int rc = inflate(z, Z_NO_FLUSH);
        if (rc == Z_STREAM_END) {
            in->in_member = false;
            rc = inflateReset(z);
        }
        if (rc == Z_MEM_ERROR) return reason_set(why, STATUS_NO_MEMORY, "no memory to inflate");
        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            in->ended = true;
            return reason_set(why, STATUS_CORRUPT, "the gzip data is damaged: %s",
                              z->msg ? z->msg : "unreadable");
        }
    }
    in->window = (struct str){in->plain, CHUNK_BYTES - z->avail_out};
    return STATUS_OK;
}

static voidpf take_memory(voidpf opaque, uInt count, uInt size) {
    (void)opaque;
    return mem_zalloc(count, size);
}

static void give_memory(voidpf opaque, voidpf ptr) {
    (void)opaque;
    mem_free(ptr);
}
