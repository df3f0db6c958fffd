// reason.c - filling struct reason; texts are cut between characters, never inside one.

#include "base/reason.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void cut_partial_character(char *text);

enum status reason_set(struct reason *why, enum status st, const char *format, ...) {
    if (!why) {
        return st;
    }
    why->pointer[0] = '\0';
    va_list args;
    va_start(args, format);
    int n = vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    if (n < 0) {
        why->text[0] = '\0';
    } else if ((size_t)n >= sizeof why->text) {
        cut_partial_character(why->text);
    }
    return st;
}

void reason_prefix(struct reason *why, const char *format, ...) {
    if (!why) {
        return;
    }
    char path[sizeof why->pointer];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(path, sizeof path, format, args);
    va_end(args);
    if (n < 0) {
        return;
    }
    size_t head = (size_t)n < sizeof path ? (size_t)n : sizeof path - 1;
    size_t tail = strlen(why->pointer);
    size_t room = sizeof why->pointer - 1 - head;
    bool cut = (size_t)n >= sizeof path || tail > room;
    size_t kept = tail < room ? tail : room;
    memmove(why->pointer + head, why->pointer, kept);
    memcpy(why->pointer, path, head);
    why->pointer[head + kept] = '\0';
    if (cut) {
        cut_partial_character(why->pointer);
    }
}

static void cut_partial_character(char *text) {
    size_t len = strlen(text);
    size_t tail = 0;
    while (tail < 3 && tail < len && ((unsigned char)text[len - 1 - tail] & 0xc0) == 0x80) {
        tail++;
    }
    if (tail == len) {
        return;
    }
    unsigned char lead = (unsigned char)text[len - 1 - tail];
    size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (need > tail) {
        text[len - 1 - tail] = '\0';
    }
}
