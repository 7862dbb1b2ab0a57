// The tree-sitter runtime without its queries, and in place of the parts of
// libc that would reach outside: its logs go nowhere, its clock stands still,
// and what cannot go on traps.

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#undef stderr
#define stderr NULL

#include "alloc.c"
#include "get_changed_ranges.c"
#include "language.c"

// The lexer calls back for each character. Counting them bounds what the
// parser's own steps do not: a token that is looked for again and again, each
// time up to the end of the text.
#define ts_lexer_init ts_lexer_init_uncounted
#include "lexer.c"
#undef ts_lexer_init

uint64_t shim_characters_left;

static void (*uncounted_advance)(TSLexer *, bool);

static void counted_advance(TSLexer *lexer, bool skip) {
  if (shim_characters_left-- == 0) __builtin_trap();
  uncounted_advance(lexer, skip);
}

void ts_lexer_init(Lexer *self);
void ts_lexer_init(Lexer *self) {
  ts_lexer_init_uncounted(self);
  uncounted_advance = self->data.advance;
  self->data.advance = counted_advance;
}

#include "node.c"
#include "parser.c"
#include "stack.c"
#include "subtree.c"
#include "tree_cursor.c"
#include "tree.c"
#include "wasm_store.c"

int clock_gettime(clockid_t clock, struct timespec *now) {
  (void)clock;
  *now = (struct timespec){0};
  return 0;
}

int fprintf(FILE *restrict file, const char *restrict format, ...) { (void)file; (void)format; return 0; }
int fputs(const char *restrict text, FILE *restrict file) { (void)text; (void)file; return 0; }
int fputc(int c, FILE *file) { (void)file; return c; }
int fclose(FILE *file) { (void)file; return 0; }
FILE *fdopen(int descriptor, const char *mode) { (void)descriptor; (void)mode; return NULL; }
int snprintf(char *restrict out, size_t size, const char *restrict format, ...) {
  (void)format;
  if (size) *out = 0;
  return 0;
}
int vsnprintf(char *restrict out, size_t size, const char *restrict format, va_list args) {
  (void)format; (void)args;
  if (size) *out = 0;
  return 0;
}
_Noreturn void abort(void) { __builtin_trap(); }
