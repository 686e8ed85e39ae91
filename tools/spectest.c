/*
 * spectest - runs the WebAssembly specification's scripts in the JSON form of wast2json.
 *
 * Every command of a script counts once: modules that must load, actions, assertions. Each script
 * runs in a process of its own, so that a crash of compiled code costs one script, not the run.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/pack.h"
#include "tools/script.h"

#define SECONDS 120         /* a script that runs longer has failed */
#define MAX_SKIPS 64
#define MAX_LISTED 1000

static const char usage[] =
    "usage: spectest [-v] [--skip NAME]... [--list FILE] PATH...\n"
    "Runs specification scripts (NAME.json with modules beside them); a folder means all in it.\n"
    "Prints NAME passed/total for each, then the sum; exits 1 when anything failed.\n"
    "  -v           say what failed: line, expected, actual\n"
    "  --images     every module goes through an image in a file first\n"
    "  --features LIST  of base, simd, tail, extconst, multimem, relaxed, threads, eh, legacy-eh,\n"
    "               all, one-table; else base,simd in a folder wasm-2.0, threads,one-table in a\n"
    "               folder threads, all elsewhere\n"
    "  --cpu LIST   use only these features of the CPU: none, all, lzcnt, bmi1, bmi2, avx, avx2, "
    "fma\n"
    "  --off LETTERS  switch passes off (wasmc --help lists them), all: every one\n"
    "  --stress N   make rare things common (enum wasm_stress)\n"
    "  --skip NAME  leave the script NAME out (and say so); NAME* is a prefix\n"
    "  --list FILE  run the scripts that FILE names, one a line; `- NAME reason` leaves one out\n"
    "               (and says so); a script that FILE does not name is a failure\n"
    "  --pack FILE  run nothing: write the scripts to FILE, in the form that the kernel runs\n"
    "  --help       this text\n";

static bool verbose, images;
static uint32_t off, stress;
static const char *pack_to;     /* --pack */
static struct pack pack;
static const char *features;
static const char *skips[MAX_SKIPS];
static int nskips;
static struct listed {
    const char *name, *reason;  /* reason: of leaving it out, NULL if it runs */
    bool seen;
} list[MAX_LISTED];
static int nlisted;

struct tally { long passed, total, text, scripts, failed, skipped; };

static bool name_matches(const char *pattern, const char *name)
{
    size_t n = strlen(pattern);

    if (n && pattern[n - 1] == '*')
        return strncmp(name, pattern, n - 1) == 0;
    return strcmp(name, pattern) == 0;
}

/* Why the script is not run, or NULL if it is. *bad: it should have been accounted for. */
static const char *left_out(const char *name, bool *bad)
{
    *bad = false;
    for (int i = 0; i < nskips; i++)
        if (name_matches(skips[i], name))
            return "as asked";
    if (!nlisted)
        return NULL;
    for (int i = 0; i < nlisted; i++)
        if (name_matches(list[i].name, name)) {
            list[i].seen = true;
            return list[i].reason;
        }
    *bad = true;
    return "NOT IN THE LIST";
}

static bool read_list(const char *path)
{
    size_t size = 0;
    char *text = (char *)host_read_file(path, &size), *line, *save = NULL;

    if (!text) {
        fprintf(stderr, "spectest: %s: %s\n", path, strerror(errno));
        return false;
    }
    for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        bool out = strncmp(line, "- ", 2) == 0;
        char *rest = out ? line + 2 : line, *name = strsep(&rest, " ");

        if (!*name || *name == '#')
            continue;
        if (nlisted == MAX_LISTED) {
            fprintf(stderr, "spectest: %s: more than %d lines\n", path, MAX_LISTED);
            return false;
        }
        if (!rest)
            rest = "no reason given";
        list[nlisted++] = (struct listed){ name, out ? rest : NULL, false };
    }
    return true;                /* the text is kept: names point into it */
}

/* The scripts of an older standard assert that what came later is invalid. */
static uint32_t features_of(const char *path)
{
    uint32_t f;

    host_features(features ? features : strstr(path, "wasm-2.0") ? "base,simd" :
                  strstr(path, "threads/") ? "threads,one-table" : "all", &f);
    return f;
}

/* Runs one script in a child; what it counts comes back through a pipe. Returns the wait status. */
static int run_child(const char *path, struct script_result *r)
{
    int fds[2], status = 0;
    pid_t pid;

    fflush(stdout);
    if (pipe(fds) || (pid = fork()) < 0) {
        perror("spectest");
        exit(1);
    }
    if (pid == 0) {
        alarm(SECONDS);
        script_file(path, features_of(path), verbose, images, fds[1]);
        fflush(stdout);
        _exit(0);
    }
    close(fds[1]);
    for (struct script_result got; read(fds[0], &got, sizeof got) == sizeof got;)
        *r = got;
    close(fds[0]);
    waitpid(pid, &status, 0);
    return status;
}

static void run_file(const char *path, struct tally *t)
{
    const char *slash = strrchr(path, '/');
    struct script_result r = { 0 };
    char name[256];
    const char *why;
    bool bad;
    int status;
    size_t n;

    snprintf(name, sizeof name, "%s", slash ? slash + 1 : path);
    n = strlen(name);
    if (n > 5)
        name[n - 5] = 0;
    if ((why = left_out(name, &bad))) {
        printf("%s skipped: %s\n", name, why);
        t->skipped++;
        t->failed += bad;
        return;
    }
    if (pack_to) {
        if ((why = pack_script(&pack, path, name, features_of(path)))) {
            printf("%s: %s\n", path, why);
            t->failed++;
        }
        t->scripts++;
        return;
    }
    status = run_child(path, &r);
    printf("%s %u/%u", name, r.passed, r.total);
    if (r.left_out)
        printf(" (%u text modules left out)", r.left_out);
    if (WIFSIGNALED(status))
        printf(" ENDED BY SIGNAL %d at line %u", WTERMSIG(status), r.line);
    else if (WEXITSTATUS(status))
        printf(" ENDED WITH STATUS %d at line %u", WEXITSTATUS(status), r.line);
    printf("\n");
    t->passed += r.passed;
    t->total += r.total;
    t->text += r.left_out;
    t->scripts++;
    if (r.passed != r.total || status)
        t->failed++;
}

static int is_script(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 5 && strcmp(d->d_name + n - 5, ".json") == 0;
}

static bool run_path(const char *path, struct tally *t)
{
    struct stat st;
    struct dirent **entries;
    char file[4096];
    int n;

    if (stat(path, &st)) {
        fprintf(stderr, "spectest: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        run_file(path, t);
        return true;
    }
    n = scandir(path, &entries, is_script, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        run_file(file, t);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return n >= 0;
}

static bool write_pack(void)
{
    FILE *f = fopen(pack_to, "wb");
    bool ok = f && fwrite(pack.bytes, 1, pack.size, f) == pack.size;

    if ((f && fclose(f)) || !ok) {
        perror(pack_to);
        return false;
    }
    return true;
}

/* An option and its value; -1: none such, 2: a bad value, 1: its file is bad. */
static int take_option(const char *option, const char *value)
{
    uint32_t f;

    if (strcmp(option, "--skip") == 0 && nskips < MAX_SKIPS) {
        skips[nskips++] = value;
    } else if (strcmp(option, "--features") == 0) {
        if (!host_features(features = value, &f)) {
            fprintf(stderr, "spectest: unknown feature in %s\n", value);
            return 2;
        }
    } else if (strcmp(option, "--cpu") == 0) {
        if (!host_cpu(value)) {
            fprintf(stderr, "spectest: unknown feature of the CPU in %s\n", value);
            return 2;
        }
    } else if (strcmp(option, "--off") == 0) {
        for (const char *c = strcmp(value, "all") ? value : "abcdefghijklmnopqrstuvwxyz"; *c; c++)
            off |= *c >= 'a' && *c <= 'z' ? 1u << (*c - 'a') : 0;
    } else if (strcmp(option, "--stress") == 0) {
        stress = (uint32_t)strtoul(value, NULL, 0);
    } else if (strcmp(option, "--list") == 0) {
        return read_list(value) ? 0 : 1;
    } else if (strcmp(option, "--pack") == 0) {
        pack_to = value;
        pack_begin(&pack);
    } else {
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct tally t = { 0 };
    bool ok = true;
    int i, e;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "-v") == 0) {
            verbose = true;
            continue;
        }
        if (strcmp(argv[i], "--images") == 0) {
            images = true;
            continue;
        }
        e = i + 1 < argc ? take_option(argv[i], argv[i + 1]) : -1;
        if (e < 0)
            fputs(usage, stderr);
        if (e)
            return e < 0 ? 2 : e;
        i++;
    }
    if (i == argc) {
        fputs(usage, stderr);
        return 2;
    }
    host_passes(off, stress);
    for (; i < argc; i++)
        ok = run_path(argv[i], &t) && ok;
    for (int k = 0; k < nlisted; k++)
        if (!list[k].seen && !list[k].reason) {
            printf("%s is in the list and was not found\n", list[k].name);
            t.failed++;
        }
    if (pack_to)
        return ok && t.scripts && !t.failed && write_pack() ? 0 : 1;
    printf("total %ld/%ld in %ld scripts, %ld failed, %ld skipped, %ld text modules left out\n",
           t.passed, t.total, t.scripts, t.failed, t.skipped, t.text);
    return ok && t.total && !t.failed ? 0 : 1;
}
