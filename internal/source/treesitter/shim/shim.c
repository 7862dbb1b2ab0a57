// One WebAssembly module per grammar: the tree-sitter runtime, a grammar, and
// the functions below. All that a module can do is compute, use its own memory,
// and ask whether it should end.
//
// Built by scripts/grammars.sh with -DLANGUAGE=tree_sitter_NAME.

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tree_sitter/api.h>

#define EXPORT(name) __attribute__((export_name(name)))

const TSLanguage *LANGUAGE(void);

// One node as Go reads it: 20 bytes, little-endian.
typedef struct {
  uint16_t symbol;
  uint16_t field : 12;
  uint16_t flags : 4;
  uint32_t start;
  uint32_t end;
  uint32_t parent;
  uint32_t size; // nodes of the subtree, itself included
} Record;

enum { NAMED = 1, MISSING = 2, FAULTY = 4, EXTRA = 8 };
enum { DONE = 0, TOO_LONG = 1, TOO_LARGE = 2, FAILED = 3 };

static TSParser *parser;
static char *text;
static uint32_t text_capacity;
static Record *records;
static uint32_t count, capacity;
static char *names;
static uint32_t steps_left;
extern uint64_t shim_characters_left; // of runtime.c

// names lists the symbols, a line each with "+" before named ones, then an
// empty line, then the fields. It ends with a zero byte.
EXPORT("names") const char *tree_names(void) {
  if (names) return names;
  const TSLanguage *language = LANGUAGE();
  uint32_t symbols = ts_language_symbol_count(language), fields = ts_language_field_count(language);
  size_t size = 2;
  for (uint32_t i = 0; i < symbols; i++) size += 2 * strlen(ts_language_symbol_name(language, i)) + 2;
  for (uint32_t i = 1; i <= fields; i++) size += strlen(ts_language_field_name_for_id(language, i)) + 1;
  char *out = names = malloc(size);
  if (!out) return 0;
  for (uint32_t i = 0; i < symbols; i++) {
    *out++ = ts_language_symbol_type(language, i) == TSSymbolTypeRegular ? '+' : '-';
    for (const char *s = ts_language_symbol_name(language, i); *s; s++) {
      if (*s == '\n') { *out++ = '\\'; *out++ = 'n'; } else *out++ = *s;
    }
    *out++ = '\n';
  }
  *out++ = '\n';
  for (uint32_t i = 1; i <= fields; i++) {
    const char *s = ts_language_field_name_for_id(language, i);
    size_t n = strlen(s);
    memcpy(out, s, n);
    out += n;
    *out++ = '\n';
  }
  *out = 0;
  return names;
}

// input gives the place for a text of size bytes, or 0.
EXPORT("input") char *tree_input(uint32_t size) {
  if (size > text_capacity) {
    free(text);
    text = malloc(size);
    text_capacity = text ? size : 0;
  }
  return text;
}

// ended says whether whoever asked for the tree still wants it.
__attribute__((import_module("muster"), import_name("ended"))) int ended(void);

static bool progress(TSParseState *state) {
  (void)state;
  if (steps_left == 0) return true;
  steps_left--;
  return ended();
}

static const char *read_text(void *payload, uint32_t at, TSPoint point, uint32_t *size) {
  (void)point;
  uint32_t all = *(uint32_t *)payload;
  *size = at < all ? all - at : 0;
  return text + (at < all ? at : all);
}

static bool append(TSTreeCursor *cursor, uint32_t parent) {
  if (count == capacity) {
    uint32_t more = capacity ? capacity * 2 : 4096;
    Record *grown = realloc(records, (size_t)more * sizeof(Record));
    if (!grown) return false;
    records = grown;
    capacity = more;
  }
  TSNode node = ts_tree_cursor_current_node(cursor);
  bool faulty = ts_node_is_error(node);
  records[count++] = (Record){
    .symbol = ts_node_symbol(node),
    .field = ts_tree_cursor_current_field_id(cursor) & 0xfff,
    .flags = (ts_node_is_named(node) ? NAMED : 0) | (ts_node_is_missing(node) ? MISSING : 0) | (faulty ? FAULTY : 0) |
             (ts_node_is_extra(node) ? EXTRA : 0),
    .start = ts_node_start_byte(node),
    .end = ts_node_end_byte(node),
    .parent = parent,
    .size = 1,
  };
  return true;
}

// walk writes every node, a parent before its children.
static int walk(TSTree *tree, uint32_t most) {
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  int result = DONE;
  uint32_t at = 0; // the node whose children are being written
  count = 0;
  if (!append(&cursor, 0)) result = TOO_LARGE;
  while (result == DONE) {
    uint32_t parent = count - 1;
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      at = parent;
    } else {
      while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
        if (!ts_tree_cursor_goto_parent(&cursor)) goto end;
        records[at].size = count - at;
        at = records[at].parent;
      }
    }
    if (count >= most || !append(&cursor, at)) result = TOO_LARGE;
  }
end:
  ts_tree_cursor_delete(&cursor);
  return result;
}

// parse reads the text that was put at input: its size, how many hundreds of
// steps the parser may take, how many characters it may look at, and how many
// nodes the tree may have. It traps when the characters are used up.
EXPORT("parse") int tree_parse(uint32_t size, uint32_t most_steps, uint32_t most_characters, uint32_t most_nodes) {
  if (!parser) {
    parser = ts_parser_new();
    if (!parser || !ts_parser_set_language(parser, LANGUAGE())) return FAILED;
  }
  steps_left = most_steps;
  shim_characters_left = most_characters;
  count = 0;
  ts_parser_reset(parser);
  TSTree *tree = ts_parser_parse_with_options(
    parser, NULL, (TSInput){.payload = &size, .read = read_text, .encoding = TSInputEncodingUTF8},
    (TSParseOptions){.payload = NULL, .progress_callback = progress}
  );
  if (!tree) return TOO_LONG;
  int result = walk(tree, most_nodes);
  ts_tree_delete(tree);
  return result;
}

// nodes and node_count give the tree of the last parse.
EXPORT("nodes") const Record *tree_nodes(void) { return records; }
EXPORT("node_count") uint32_t tree_node_count(void) { return count; }

// steps_left and characters_left give what the last parse did not use.
EXPORT("steps_left") uint32_t tree_steps_left(void) { return steps_left; }
EXPORT("characters_left") uint32_t tree_characters_left(void) { return shim_characters_left; }
