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
#include "tools/script.h"

#define SECONDS 120         /* a script that runs longer has failed */
#define MAX_SKIPS 64

static const char usage[] =
    "usage: spectest [-v] [--skip NAME]... PATH...\n"
    "Runs specification scripts (NAME.json with modules beside them); a folder means all in it.\n"
    "Prints NAME passed/total for each, then the sum; exits 1 when anything failed.\n"
    "  -v           say what failed: line, expected, actual\n"
    "  --skip NAME  leave the script NAME out (and say so); NAME* is a prefix\n"
    "  --help       this text\n";

static bool verbose;
static const char *skips[MAX_SKIPS];
static int nskips;

struct tally { long passed, total, text, scripts, failed, skipped; };

static bool skipped(const char *name)
{
    for (int i = 0; i < nskips; i++) {
        size_t n = strlen(skips[i]);
        if (n && skips[i][n - 1] == '*' ? strncmp(name, skips[i], n - 1) == 0
                                        : strcmp(name, skips[i]) == 0)
            return true;
    }
    return false;
}

/* Runs one script in a child; what it counts comes back through a pipe. */
static void run_file(const char *path, struct tally *t)
{
    const char *slash = strrchr(path, '/');
    struct script_result r = { 0 };
    char name[256];
    int fds[2], status = 0;
    size_t n;
    pid_t pid;

    snprintf(name, sizeof name, "%s", slash ? slash + 1 : path);
    n = strlen(name);
    if (n > 5)
        name[n - 5] = 0;
    if (skipped(name)) {
        printf("%s skipped\n", name);
        t->skipped++;
        return;
    }
    fflush(stdout);
    if (pipe(fds) || (pid = fork()) < 0) {
        perror("spectest");
        exit(1);
    }
    if (pid == 0) {
        alarm(SECONDS);
        script_run(path, verbose, fds[1]);
        fflush(stdout);
        _exit(0);
    }
    close(fds[1]);
    for (struct script_result got; read(fds[0], &got, sizeof got) == sizeof got;)
        r = got;
    close(fds[0]);
    waitpid(pid, &status, 0);
    printf("%s %ld/%ld", name, r.passed, r.total);
    if (r.text)
        printf(" (%ld text modules left out)", r.text);
    if (WIFSIGNALED(status))
        printf(" ENDED BY SIGNAL %d at line %ld", WTERMSIG(status), r.line);
    else if (WEXITSTATUS(status))
        printf(" ENDED WITH STATUS %d at line %ld", WEXITSTATUS(status), r.line);
    printf("\n");
    t->passed += r.passed;
    t->total += r.total;
    t->text += r.text;
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
    struct dirent **list;
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
    n = scandir(path, &list, is_script, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof file, "%s/%s", path, list[i]->d_name);
        run_file(file, t);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return n >= 0;
}

int main(int argc, char **argv)
{
    struct tally t = { 0 };
    bool ok = true;
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (strcmp(argv[i], "-v") == 0) {
            verbose = true;
        } else if (strcmp(argv[i], "--skip") == 0 && i + 1 < argc && nskips < MAX_SKIPS) {
            skips[nskips++] = argv[++i];
        } else {
            fputs(usage, stderr);
            return 2;
        }
    }
    if (i == argc) {
        fputs(usage, stderr);
        return 2;
    }
    for (; i < argc; i++)
        ok = run_path(argv[i], &t) && ok;
    printf("total %ld/%ld in %ld scripts, %ld failed, %ld skipped, %ld text modules left out\n",
           t.passed, t.total, t.scripts, t.failed, t.skipped, t.text);
    return ok && t.total && !t.failed ? 0 : 1;
}
