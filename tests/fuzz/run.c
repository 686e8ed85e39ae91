/*
 * run.c - plays wasm files by our compiler, once for each configuration, and prints what they did;
 * run.js does the same by another engine, and fuzz.py compares.
 *
 *   fuzzrun FILE.wasm [CONFIG...]   CONFIG: cpu=HEX,off=LETTERS,stress=N; without any: cpu=3f
 *   fuzzrun                         the same for each line "FILE CONFIG..." of standard input
 *   fuzzrun --letters               the passes that can be switched off
 *
 * What a configuration prints stands behind a line "## CONFIG"; the answer to a file ends with a
 * line "##". A configuration whose code is that of one before it is not run: "## CONFIG = OTHER".
 * CONFIG script prints a script for other engines instead (play_script).
 *
 * Each file is played in a process of its own, forked from this one. When that dies, the cause is
 * printed and the configurations that are left get another one, unless the first took too long.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/fuzz/play.h"

enum { SECONDS = 1, CONFIGS = 64 };     /* of processor time for each configuration */

static void configure(struct wasm_options *o, const char *s)
{
    host_options(o);
    while (*s) {
        char *end = (char *)s;
        if (strncmp(s, "cpu=", 4) == 0)
            o->cpu &= (uint32_t)strtoul(s + 4, &end, 16);
        else if (strncmp(s, "stress=", 7) == 0)
            o->stress = (uint32_t)strtoul(s + 7, &end, 0);
        else if (strncmp(s, "off=", 4) == 0)
            for (end = (char *)s + 4; *end >= 'a' && *end <= 'z'; end++)
                o->passes_off |= 1u << (*end - 'a');
        else if (strcmp(s, "script") == 0)
            end += 6;
        if (end == s || (*end && *end != ',')) {
            fprintf(stderr, "fuzzrun: what is \"%s\"?\n", s);
            exit(2);
        }
        s = *end ? end + 1 : end;
    }
}

static struct host_module *load(const char *file, const char *config, struct wasm_error *err)
{
    struct wasm_options o;
    size_t size;
    uint8_t *bytes = host_read_file(file, &size);

    *err = (struct wasm_error){ .text = "no file" };
    configure(&o, config);
    return bytes ? host_module_load(bytes, size, &o, err) : NULL;
}

/* The configuration before this one that made the same code, or NULL. */
static const char *same_code(const struct host_module *m, const struct host_module *const *before,
                             char *const *config, int n)
{
    for (int k = 0; k < n; k++)
        if (before[k] && before[k]->image->code_size == m->image->code_size
            && memcmp(before[k]->code, m->code, m->image->code_size) == 0)
            return config[k];
    return NULL;
}

static void play_all(const char *file, char *const *config, int from, int n, int *at)
{
    const struct host_module *made[CONFIGS] = { NULL };
    const struct itimerval limit = { .it_value = { .tv_sec = SECONDS } };
    const char *same;
    struct wasm_error err;
    struct host_module *m;

    for (int k = from; k < n; k++) {
        *at = k;
        setitimer(ITIMER_PROF, &limit, NULL);
        m = load(file, config[k], &err);
        if (m && strcmp(config[k], "script") != 0
            && (same = same_code(m, made, config, k))) {
            printf("## %s = %s\n", config[k], same);
            host_module_free(m);
            fflush(stdout);
            continue;
        }
        printf("## %s\n", config[k]);
        fflush(stdout);
        if (!m)
            printf("does not compile: %s\n", err.text);
        else if (strcmp(config[k], "script") == 0)
            play_script(m, file);
        else
            play(made[k] = m);
        fflush(stdout);
    }
}

/* Plays a file in other processes, until one has reached the end of the list. */
static void play_file(const char *file, char *const *config, int n, int *at)
{
    int status;

    for (int from = 0; from < n; from = *at + 1) {
        *at = from;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(1, 2);
            play_all(file, config, from, n, at);
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid) {
            perror("fuzzrun");
            exit(2);
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        printf("\n## %s\nsignal %d, status %d\n", config[*at], WTERMSIG(status),
               WEXITSTATUS(status));
        if (*at == 0 && WTERMSIG(status) == SIGPROF)
            break;              /* it takes long in every one */
    }
    printf("##\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static char line[1 << 14], *word[CONFIGS + 1], standard[] = "cpu=3f";
    int *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (argc == 2 && strcmp(argv[1], "--letters") == 0) {
        for (const struct wasm_pass *p = wasm_passes; p->letter; p++)
            printf("%c", p->letter);
        printf("\n");
        return 0;
    }
    if (argc > 1) {
        play_file(argv[1], argc > 2 ? argv + 2 : (char *[]){ standard },
                  argc > CONFIGS + 2 ? CONFIGS : argc > 2 ? argc - 2 : 1, at);
        return 0;
    }
    host_stack_limit();             /* sets signals and the stack up, once for all */
    while (fgets(line, sizeof line, stdin)) {
        int n = 0;
        for (char *s = strtok(line, " \n"); s && n <= CONFIGS; s = strtok(NULL, " \n"))
            word[n++] = s;
        if (n > 1)
            play_file(word[0], word + 1, n - 1, at);
    }
    return 0;
}
