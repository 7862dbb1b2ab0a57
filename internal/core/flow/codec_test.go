package flow_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// constants gives the values of the package's constants of a type, as they
// are written: a kind without a decoder cannot hide.
func constants(typ string) []string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		panic(err)
	}
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			panic(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == typ {
				for _, value := range v.Values {
					if lit, ok := value.(*ast.BasicLit); ok {
						s, _ := strconv.Unquote(lit.Value)
						out = append(out, s)
					}
				}
			}
			return true
		})
	}
	return out
}

func kinds() []flow.Kind {
	var out []flow.Kind
	for _, k := range constants("Kind") {
		out = append(out, flow.Kind(k))
	}
	return out
}

func commandKinds() []flow.CommandKind {
	var out []flow.CommandKind
	for _, k := range constants("CommandKind") {
		out = append(out, flow.CommandKind(k))
	}
	return out
}

// fill sets everything below v to something that is not zero.
func fill(rng *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(rng, field)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(rng, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+rng.IntN(3), 3))
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.String:
		v.SetString("s" + strconv.Itoa(rng.IntN(1000)) + "<é\x00\u2028>")
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + rng.Int64N(1<<53))
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("the ledger holds no " + v.Kind().String())
	}
}

func TestPayloadsRoundTrip(t *testing.T) {
	all := kinds()
	if len(all) < 37 {
		t.Fatalf("found only %d kinds of event", len(all))
	}
	seen := map[reflect.Type]flow.Kind{}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, k := range all {
		zero, err := flow.DecodePayload(k, []byte("{}"))
		if err != nil {
			t.Errorf("%s: %v", k, err)
			continue
		}
		typ := reflect.TypeOf(zero)
		if zero.Kind() != k || seen[typ] != "" {
			t.Errorf("%s decodes to %s, a %s; %q decodes to it too", k, typ, zero.Kind(), seen[typ])
		}
		seen[typ] = k
		for range 20 {
			want := reflect.New(typ).Elem()
			fill(rng, want)
			got, err := flow.DecodePayload(k, []byte(text(t, want.Interface())))
			if err != nil || !reflect.DeepEqual(got, want.Interface()) {
				t.Fatalf("%s: wrote %+v, read %+v, %v", k, want, got, err)
			}
		}
	}
}

func TestOrdersRoundTrip(t *testing.T) {
	all := commandKinds()
	if len(all) < 12 {
		t.Fatalf("found only %d kinds of command", len(all))
	}
	seen := map[reflect.Type]flow.CommandKind{}
	rng := rand.New(rand.NewPCG(2, 2))
	for _, k := range all {
		zero, err := flow.DecodeOrder(k, []byte("{}"))
		if err != nil {
			t.Errorf("%s: %v", k, err)
			continue
		}
		typ := reflect.TypeOf(zero)
		if zero.Command() != k || seen[typ] != "" {
			t.Errorf("%s decodes to %s, a %s; %q decodes to it too", k, typ, zero.Command(), seen[typ])
		}
		seen[typ] = k
		for range 20 {
			want := reflect.New(typ).Elem()
			fill(rng, want)
			got, err := flow.DecodeOrder(k, []byte(text(t, want.Interface())))
			if err != nil || !reflect.DeepEqual(got, want.Interface()) {
				t.Fatalf("%s: wrote %+v, read %+v, %v", k, want, got, err)
			}
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	for _, tt := range []struct{ name, kind, data string }{
		{"unknown kind", "no_such_kind", "{}"},
		{"no kind", "", "{}"},
		{"another case", "Run_Started", "{}"},
		{"cut short", string(flow.EvApproved), `{"tree":`},
		{"empty", string(flow.EvApproved), ``},
		{"another type", string(flow.EvApproved), `{"tree":5}`},
		{"a list", string(flow.EvApproved), `[]`},
	} {
		if _, err := flow.DecodePayload(flow.Kind(tt.kind), []byte(tt.data)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("event, %s: %v", tt.name, err)
		}
	}
	for _, tt := range []struct{ name, kind, data string }{
		{"unknown kind", "no_such_kind", "{}"},
		{"no kind", "", "{}"},
		{"cut short", string(flow.CmdJudge), `{"subject":`},
		{"another type", string(flow.CmdJudge), `{"subject":5}`},
	} {
		if _, err := flow.DecodeOrder(flow.CommandKind(tt.kind), []byte(tt.data)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("command, %s: %v", tt.name, err)
		}
	}
}

// What people may send: wishes, and nothing that says what happened.
func TestFromPeople(t *testing.T) {
	var got []flow.Kind
	for _, k := range kinds() {
		if flow.FromPeople(k) {
			got = append(got, k)
		}
	}
	want := []flow.Kind{flow.EvMessageLeft, flow.EvTakeoverRequested, flow.EvWorkGiven, flow.EvRunStarted, flow.EvStopRequested, flow.EvResumeRequested, flow.EvApproved, flow.EvRejected, flow.EvRetryRequested}
	if !slices.Equal(got, want) {
		t.Errorf("people may send %s, want %s", got, want)
	}
	for _, k := range got {
		if answers(k) != "" {
			t.Errorf("people may answer a command with %s", k)
		}
	}
}

func TestRecordsKeepEvents(t *testing.T) {
	stream := flow.TaskStream("r", "a/b")
	for _, e := range []flow.Event{
		{ID: "1", AtUS: 5, Actor: "engine", Op: "7.judge", Data: flow.VerdictGiven{Feedback: "x"}},
		{ID: "2", AtUS: 6, Actor: "person:ann", Data: flow.Rejected{Because: "no"}},
	} {
		r, err := flow.NewRecord(stream, e, "cause", []string{"blob"})
		if err != nil {
			t.Fatal(err)
		}
		if wantCause := map[bool]string{true: "cause", false: "task/r/a/b#7.judge"}[e.Op == ""]; r.Cause != wantCause || r.V != flow.RecordVersion || r.Kind != e.Data.Kind() {
			t.Errorf("record %+v; want the cause %q", r, wantCause)
		}
		var read flow.Record
		if err := json.Unmarshal([]byte(text(t, r)), &read); err != nil {
			t.Fatal(err)
		}
		got, err := read.Event()
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("wrote %+v, read %+v, %v", e, got, err)
		}
	}
	if _, err := (flow.Record{Stream: stream, Kind: "junk"}).Event(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a record of unknown kind gave %v", err)
	}
	// An id that looks like an answer to another stream's command is none.
	r := flow.Record{Stream: stream, Kind: flow.EvRejected, Cause: "task/r/a#7.judge", Data: []byte("{}")}
	if e, err := r.Event(); err != nil || e.Op != "" {
		t.Errorf("another stream's answer was read as %q, %v", e.Op, err)
	}
}

func TestStreams(t *testing.T) {
	for _, tt := range []struct {
		stream    flow.Stream
		run, task string
	}{
		{flow.RunStream("r"), "r", ""},
		{flow.QueueStream("r"), "r", ""},
		{flow.TaskStream("r", "a"), "r", "a"},
		{flow.TaskStream("r", "a/b"), "r", "a/b"},
		{flow.LedgerStream, "", ""},
		{flow.TestsStream, "", ""},
	} {
		if tt.stream.Run() != tt.run || tt.stream.Task() != tt.task {
			t.Errorf("%s is of run %q, task %q; want %q, %q", tt.stream, tt.stream.Run(), tt.stream.Task(), tt.run, tt.task)
		}
	}
}

func TestStreamsBeginWithTheirOwnEvent(t *testing.T) {
	for _, k := range kinds() {
		d, err := flow.DecodePayload(k, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		begins := slices.Contains([]flow.Kind{flow.EvRunStarted, flow.EvTaskStarted, flow.EvQueueStarted, flow.EvTestsTried}, k)
		m, _, err := flow.Start("s", flow.Event{Data: d})
		if begins != (err == nil) || begins != (m != nil) {
			t.Errorf("a stream that begins with %s: %v, %v", k, m, err)
		}
		_, err = flow.Load("s", flow.Event{Data: d}, []byte("{}"))
		if begins != (err == nil) {
			t.Errorf("a stream loaded from %s: %v", k, err)
		}
		if _, err := flow.Load("s", flow.Event{Data: d}, []byte("{")); err == nil {
			t.Errorf("a broken snapshot of %s was loaded", k)
		}
	}
}

func FuzzDecodePayload(f *testing.F) {
	for _, k := range kinds() {
		d, _ := flow.DecodePayload(k, []byte("{}"))
		b, _ := json.Marshal(d)
		f.Add(string(k), b)
	}
	f.Add("approved", []byte(`{"tree":1}`))
	f.Add("junk", []byte(`null`))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		p, err := flow.DecodePayload(flow.Kind(kind), data)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v is %s", err, fault.KindOf(err))
			}
			return
		}
		again, err := flow.DecodePayload(p.Kind(), []byte(text(t, p)))
		if string(p.Kind()) != kind || err != nil || text(t, again) != text(t, p) {
			t.Errorf("%s: read %+v, written and read again %+v, %v", kind, p, again, err)
		}
	})
}

func FuzzDecodeOrder(f *testing.F) {
	for _, k := range commandKinds() {
		o, _ := flow.DecodeOrder(k, []byte("{}"))
		b, _ := json.Marshal(o)
		f.Add(string(k), b)
	}
	f.Add("junk", []byte(`null`))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		o, err := flow.DecodeOrder(flow.CommandKind(kind), data)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v is %s", err, fault.KindOf(err))
			}
			return
		}
		again, err := flow.DecodeOrder(o.Command(), []byte(text(t, o)))
		if string(o.Command()) != kind || err != nil || text(t, again) != text(t, o) {
			t.Errorf("%s: read %+v, written and read again %+v, %v", kind, o, again, err)
		}
	})
}
