// command.c - what the commands share.

#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>

int command_fail(int code, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "warpengine: %s\n", text);
    return code;
}
