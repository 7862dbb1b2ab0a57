// Package treesitter parses source text to syntax trees with the grammars of
// tree-sitter. Each grammar is a WebAssembly module of its own, built from the
// C sources by scripts/grammars.sh and run by wazero: neither building nor
// using Muster needs a C compiler. A module can reach nothing outside of its own
// memory, so that a text that breaks a grammar can do no more than end its
// module.
package treesitter

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

//go:embed grammars/*.wasm.gz
var grammars embed.FS

// Grammar names a grammar by the name of its module.
type Grammar string

// The grammars, with the versions that scripts/grammars.sh builds.
const (
	Python     Grammar = "python"
	JavaScript Grammar = "javascript" // with JSX
	TypeScript Grammar = "typescript"
	TSX        Grammar = "tsx"
	Java       Grammar = "java"
	Rust       Grammar = "rust"
)

// Version gives the versions of the runtime and of a grammar.
func (g Grammar) Version() string {
	const core = "tree-sitter 0.25.0, "
	switch g {
	case Python, JavaScript:
		return core + string(g) + " 0.25.0"
	case TypeScript, TSX:
		return core + string(g) + " 0.23.2"
	case Java:
		return core + "java 0.23.5"
	case Rust:
		return core + "rust 0.24.0"
	}
	return core + string(g)
}

// The bounds of one parse. Steps and characters are counted, so that the same
// text gives the same result on every machine; the time is for texts that make
// single steps slow.
const (
	maxParallel = 4 // parses at the same time
	maxTime     = 30 * time.Second
	MaxBytes    = 2 << 20  // of a text
	maxNodes    = 4 << 20  // of a tree
	maxDepth    = 10_000   // of its nodes
	maxPages    = 8192     // of a module's memory, 64 KiB each: 512 MiB
	keptBytes   = 64 << 20 // a module whose memory grew past this is not used again
)

// maxSteps gives how many hundreds of steps a parser may take, and
// maxCharacters how often it may go on to the next character. Ordinary code
// takes less than a step a byte and goes twice over its characters.
func maxSteps(size int) uint64      { return uint64(10_000+10*size) / 100 } //nolint:gosec // bounded by MaxBytes
func maxCharacters(size int) uint64 { return uint64(1_000_000 + 50*size) }  //nolint:gosec // bounded by MaxBytes

// ErrTooHard says that a text was not parsed: too large, over the bound of
// steps or memory, or it broke the parser.
var ErrTooHard = errors.New("the text is too hard to parse")

// Parser parses texts. It starts nothing before the first text comes. Its
// methods may be called from several goroutines.
type Parser struct {
	cacheDir string
	slots    chan struct{} // one for each parse at the same time
	mu       sync.Mutex
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	modules  map[Grammar]*module
	closed   bool
}

// module is a grammar that has been compiled.
type module struct {
	once     sync.Once
	err      error
	compiled wazero.CompiledModule
	mu       sync.Mutex
	names    *names
	idle     []*instance
}

// instance is a module that runs, with a memory of its own.
type instance struct {
	mod   api.Module
	names *names
}

// New gives a parser. Compiled grammars are kept in cacheDir, where several
// processes may share them; with an empty cacheDir each process compiles
// anew. A folder that cannot be used is not used. Whoever can write the folder
// decides what runs: it must be the user's own.
func New(cacheDir string) *Parser {
	return &Parser{cacheDir: cacheDir, slots: make(chan struct{}, min(runtime.GOMAXPROCS(0), maxParallel)), modules: map[Grammar]*module{}}
}

// Close ends all modules. No parse may be under way or follow.
//
//nolint:contextcheck,nolintlint // it ends whatever becomes of who asked; contextcheck reads this line itself
func (p *Parser) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.runtime == nil {
		return nil
	}
	err := p.runtime.Close(context.Background())
	p.runtime = nil
	if p.cache != nil {
		err = errors.Join(err, p.cache.Close(context.Background()))
	}
	return err
}

// Parse parses a text, which must not change while the tree is used. The error
// is ErrTooHard for what lies in the text, that of ctx when it ended, and
// something else when the grammar could not be started.
func (p *Parser) Parse(ctx context.Context, g Grammar, text []byte) (*Tree, error) {
	if len(text) > MaxBytes {
		return nil, ErrTooHard
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.slots }()
	m, err := p.module(g) //nolint:contextcheck // a compiled grammar outlives who asked first
	if err != nil {
		return nil, err
	}
	in, err := p.instance(m) //nolint:contextcheck // an instance outlives who asked first
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	tree, err := in.parse(limited, text)
	if err == nil && uint64(in.mod.Memory().Size()) <= keptBytes {
		m.give(in)
		return tree, nil
	}
	_ = in.mod.Close(context.WithoutCancel(ctx))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, ErrTooHard
	}
	return tree, nil
}

// start gives the runtime, which it makes the first time.
func (p *Parser) start() (wazero.Runtime, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("parse: the parser is closed")
	}
	if p.runtime == nil {
		config := wazero.NewRuntimeConfig().WithMemoryLimitPages(maxPages).WithDebugInfoEnabled(false)
		if p.cacheDir != "" {
			if cache, err := wazero.NewCompilationCacheWithDir(p.cacheDir); err == nil {
				p.cache = cache
				config = config.WithCompilationCache(cache)
			}
		}
		rt := wazero.NewRuntimeWithConfig(context.Background(), config)
		ended := rt.NewHostModuleBuilder("muster").NewFunctionBuilder().
			WithGoFunction(api.GoFunc(hasEnded), nil, []api.ValueType{api.ValueTypeI32}).Export("ended")
		if _, err := ended.Instantiate(context.Background()); err != nil {
			return nil, fmt.Errorf("start the runtime of the grammars: %w", err)
		}
		p.runtime = rt
	}
	return p.runtime, nil
}

// hasEnded is what a module asks about every hundred steps.
func hasEnded(ctx context.Context, stack []uint64) {
	stack[0] = 0
	if ctx.Err() != nil {
		stack[0] = 1
	}
}

// module gives a compiled grammar, which is compiled the first time.
func (p *Parser) module(g Grammar) (*module, error) {
	rt, err := p.start()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	m := p.modules[g]
	if m == nil {
		m = &module{}
		p.modules[g] = m
	}
	p.mu.Unlock()
	m.once.Do(func() {
		var code []byte
		if code, m.err = unpack(g); m.err == nil {
			m.compiled, m.err = rt.CompileModule(context.Background(), code)
		}
		if m.err != nil {
			m.err = fmt.Errorf("start the grammar for %s: %w", g, m.err)
		}
	})
	return m, m.err
}

func unpack(g Grammar) ([]byte, error) {
	packed, err := grammars.ReadFile("grammars/" + string(g) + ".wasm.gz")
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// instance gives an idle instance, or starts one.
func (p *Parser) instance(m *module) (*instance, error) {
	m.mu.Lock()
	if n := len(m.idle); n > 0 {
		in := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return in, nil
	}
	m.mu.Unlock()
	rt, err := p.start()
	if err != nil {
		return nil, err
	}
	mod, err := rt.InstantiateModule(context.Background(), m.compiled, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, fmt.Errorf("start a parser: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names == nil {
		if m.names, err = readNames(mod); err != nil {
			return nil, fmt.Errorf("start a parser: %w", err)
		}
	}
	return &instance{mod: mod, names: m.names}, nil
}

func (m *module) give(in *instance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.idle = append(m.idle, in)
}

// call calls a function of the module that gives one number.
func call(ctx context.Context, mod api.Module, name string, args ...uint64) (uint32, error) {
	out, err := mod.ExportedFunction(name).Call(ctx, args...)
	if err != nil {
		return 0, err
	}
	return api.DecodeU32(out[0]), nil
}

func readNames(mod api.Module) (*names, error) {
	at, err := call(context.Background(), mod, "names")
	if err != nil {
		return nil, err
	}
	memory, ok := mod.Memory().Read(at, mod.Memory().Size()-at)
	end := bytes.IndexByte(memory, 0)
	if !ok || at == 0 || end < 0 {
		return nil, errors.New("it does not give its names")
	}
	symbols, fields, _ := strings.Cut(string(memory[:end]), "\n\n")
	out := &names{}
	for s := range strings.SplitSeq(symbols, "\n") {
		out.symbols = append(out.symbols, s[1:])
	}
	out.fields = strings.Fields(fields)
	return out, nil
}

// errNotParsed says that the module gave up.
var errNotParsed = errors.New("not parsed")

func (in *instance) parse(ctx context.Context, text []byte) (*Tree, error) {
	size := uint64(len(text))
	at, err := call(ctx, in.mod, "input", max(size, 1))
	if err != nil {
		return nil, err
	}
	if at == 0 || !in.mod.Memory().Write(at, text) {
		return nil, errNotParsed
	}
	status, err := call(ctx, in.mod, "parse", size, maxSteps(len(text)), maxCharacters(len(text)), maxNodes)
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, errNotParsed
	}
	count, err := call(ctx, in.mod, "node_count")
	if err != nil {
		return nil, err
	}
	nodes, err := call(ctx, in.mod, "nodes")
	if err != nil {
		return nil, err
	}
	raw, ok := in.mod.Memory().Read(nodes, count*recordBytes)
	if !ok || count == 0 {
		return nil, errNotParsed
	}
	if tree := decode(text, raw, in.names); tree != nil {
		return tree, nil
	}
	return nil, errNotParsed
}
