// wal_dir.c - names in the data directory, and its lock.

#include "storage/wal_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static bool name_parse(const char *name, const char *prefix, const char *suffix, uint64_t *lsn);
static enum status names_add(uint64_t **names, size_t *count, uint64_t lsn);
static int names_compare(const void *a, const void *b);
static enum status make_one(const char *path, struct reason *why);
static void sync_parent(const char *path);
static enum status lock_refused(const char *dir, int fd, struct reason *why);

bool wal_dir_path(char out[WAL_DIR_PATH_MAX], const char *dir, enum wal_file file, uint64_t lsn) {
    unsigned long long x = lsn;
    int n = file == WAL_FILE_SEGMENT
                ? snprintf(out, WAL_DIR_PATH_MAX, "%s/wal-%016llx.log", dir, x)
                : snprintf(out, WAL_DIR_PATH_MAX, "%s/snapshot-%016llx.snap", dir, x);
    return n > 0 && n < WAL_DIR_PATH_MAX;
}

bool wal_dir_path_tmp(char out[WAL_DIR_PATH_MAX], const char *dir, uint64_t lsn) {
    int n =
        snprintf(out, WAL_DIR_PATH_MAX, "%s/snapshot-%016llx.tmp", dir, (unsigned long long)lsn);
    return n > 0 && n < WAL_DIR_PATH_MAX;
}

enum status wal_dir_make(const char *dir, struct reason *why) {
    char path[WAL_DIR_PATH_MAX];
    size_t len = strlen(dir);
    if (len == 0 || len + 64 > sizeof path)
        return reason_set(why, STATUS_INVALID, "the data directory's name is empty or too long");
    memcpy(path, dir, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/') continue;
        path[i] = '\0';
        enum status st = make_one(path, why);
        path[i] = '/';
        if (st != STATUS_OK) return st;
    }
    return make_one(path, why);
}

enum status wal_dir_list(const char *dir, struct wal_dir_list *out, struct reason *why) {
    *out = (struct wal_dir_list){0};
    DIR *handle = opendir(dir);
    if (!handle)
        return reason_set(why, io_status(errno), "cannot read the data directory %.120s: %s", dir,
                          strerror(errno));
    enum status st = STATUS_OK;
    struct dirent *entry;
    while (st == STATUS_OK && (entry = readdir(handle))) {
        uint64_t lsn;
        if (name_parse(entry->d_name, "wal-", ".log", &lsn))
            st = names_add(&out->segments, &out->segment_count, lsn);
        else if (name_parse(entry->d_name, "snapshot-", ".snap", &lsn))
            st = names_add(&out->snapshots, &out->snapshot_count, lsn);
        else if (name_parse(entry->d_name, "snapshot-", ".tmp", &lsn))
            out->leftovers++;
    }
    closedir(handle);
    if (st != STATUS_OK) {
        wal_dir_list_deinit(out);
        return reason_set(why, st, "no memory to list %.120s", dir);
    }
    if (out->segment_count)
        qsort(out->segments, out->segment_count, sizeof *out->segments, names_compare);
    if (out->snapshot_count)
        qsort(out->snapshots, out->snapshot_count, sizeof *out->snapshots, names_compare);
    return STATUS_OK;
}

void wal_dir_list_deinit(struct wal_dir_list *list) {
    mem_free(list->segments);
    mem_free(list->snapshots);
    *list = (struct wal_dir_list){0};
}

enum status wal_dir_is_empty(const char *dir, bool *empty, struct reason *why) {
    DIR *handle = opendir(dir);
    if (!handle)
        return reason_set(why, io_status(errno), "cannot read %.120s: %s", dir, strerror(errno));
    *empty = true;
    struct dirent *entry;
    while ((entry = readdir(handle)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) *empty = false;
    closedir(handle);
    return STATUS_OK;
}

void wal_dir_remove_leftovers(const char *dir, const struct io *io) {
    DIR *handle = opendir(dir);
    if (!handle) return;
    struct dirent *entry;
    while ((entry = readdir(handle))) {
        uint64_t lsn;
        char path[WAL_DIR_PATH_MAX];
        if (!name_parse(entry->d_name, "snapshot-", ".tmp", &lsn)) continue;
        if (wal_dir_path_tmp(path, dir, lsn)) (void)io->unlink(io->ctx, path);
    }
    closedir(handle);
}

static void drop_names(const char *dir, const struct io *io, enum wal_file file,
                       const uint64_t *names, size_t count, uint64_t lsn, uint64_t *files,
                       uint64_t *bytes) {
    for (size_t i = 0; i < count && names[i] < lsn; i++) {
        char path[WAL_DIR_PATH_MAX];
        struct stat info;
        if (!wal_dir_path(path, dir, file, names[i]) || stat(path, &info) != 0) continue;
        if (io->unlink(io->ctx, path) != 0) continue; // the next drop takes it
        *bytes += (uint64_t)info.st_size;
        if (file == WAL_FILE_SEGMENT) ++*files;
    }
}

void wal_dir_drop_before(const char *dir, const struct io *io, uint64_t lsn, uint64_t *segments,
                         uint64_t *bytes) {
    struct wal_dir_list list;
    *segments = *bytes = 0;
    if (wal_dir_list(dir, &list, NULL) != STATUS_OK) return;
    // Segments first and from the oldest: whatever remains after a crash is a run up to the present.
    drop_names(dir, io, WAL_FILE_SEGMENT, list.segments, list.segment_count, lsn, segments, bytes);
    drop_names(dir, io, WAL_FILE_SNAPSHOT, list.snapshots, list.snapshot_count, lsn, segments,
               bytes);
    wal_dir_list_deinit(&list);
}

enum status wal_dir_lock(const char *dir, bool shared, int *fd, struct reason *why) {
    char path[WAL_DIR_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/LOCK", dir);
    if (n < 0 || n >= (int)sizeof path)
        return reason_set(why, STATUS_INVALID, "the data directory's name is too long");
    *fd = open(path, shared ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0 && shared && errno == ENOENT) return STATUS_OK;
    if (*fd < 0)
        return reason_set(why, io_status(errno),
                          "cannot open %.120s/LOCK: %s: give this user the right to write there, "
                          "or choose another data directory",
                          dir, strerror(errno));
    if (flock(*fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        enum status st = lock_refused(dir, *fd, why);
        close(*fd);
        *fd = -1;
        return st;
    }
    if (shared) return STATUS_OK;
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    // Only the message of the next server depends on these bytes.
    if (ftruncate(*fd, 0) == 0 && pwrite(*fd, pid, (size_t)len, 0) < 0) errno = 0;
    return STATUS_OK;
}

void wal_dir_unlock(int fd) {
    if (fd < 0) return;
    if (fcntl(fd, F_GETFL) & O_RDWR && ftruncate(fd, 0) != 0) errno = 0;
    close(fd);
}

static enum status lock_refused(const char *dir, int fd, struct reason *why) {
    if (errno != EWOULDBLOCK)
        return reason_set(why, STATUS_IO, "cannot lock %.120s/LOCK: %s", dir, strerror(errno));
    char text[24] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0)
        return reason_set(why, STATUS_LOCKED,
                          "%.120s is in use by process %ld: stop it or choose another data "
                          "directory",
                          dir, pid);
    return reason_set(why, STATUS_LOCKED,
                      "%.120s is being read by a check or an export: wait for its end", dir);
}

static enum status make_one(const char *path, struct reason *why) {
    struct stat info;
    if (mkdir(path, 0700) == 0) {
        sync_parent(path);
        return STATUS_OK;
    }
    int err = errno;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return STATUS_OK;
    if (err == EEXIST) err = ENOTDIR;
    return reason_set(why, io_status(err), "cannot make the directory %.120s: %s", path,
                      strerror(err));
}

// A new directory must outlive a power cut as the files in it do; a parent that cannot be opened is let be.
static void sync_parent(const char *path) {
    char parent[WAL_DIR_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 1;
    if (len >= sizeof parent) return;
    memcpy(parent, slash ? path : ".", len);
    parent[len] = '\0';
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    if (fsync(fd) != 0) errno = 0;
    close(fd);
}

static bool name_parse(const char *name, const char *prefix, const char *suffix, uint64_t *lsn) {
    size_t before = strlen(prefix);
    if (strncmp(name, prefix, before) != 0 || strlen(name) != before + 16 + strlen(suffix))
        return false;
    if (strcmp(name + before + 16, suffix) != 0) return false;
    uint64_t v = 0;
    for (size_t i = 0; i < 16; i++) {
        char c = name[before + i];
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *lsn = v;
    return true;
}

static enum status names_add(uint64_t **names, size_t *count, uint64_t lsn) {
    if ((*count & (*count + 1)) == 0 || *count == 0) {
        uint64_t *grown = mem_realloc(*names, (2 * *count + 2) * sizeof **names);
        if (!grown) return STATUS_NO_MEMORY;
        *names = grown;
    }
    (*names)[(*count)++] = lsn;
    return STATUS_OK;
}

static int names_compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}
