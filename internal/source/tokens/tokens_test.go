package tokens

import (
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		lang       string
		text, want string
	}{
		{golang, "x := `a\n\"b` // c\n/* d\n*/ return 0x1F", "w:x@1 m::@1 m:=@1 s:\"a\n\"b\"@1 k:return@4 n:0x1F@4"},
		{golang, `s := "a\"b" + 'c'`, `w:s@1 m::@1 m:=@1 s:"a\"b"@1 m:+@1 s:"c"@1`},
		{python, "#!x\nf(r'a\\'b', b\"\"\"x\ny\"\"\") # z", "w:f@2 m:(@2 s:\"a\\'b\"@2 m:,@2 s:\"x\ny\"@2 m:)@3"},
		{python, "x = f'a' if rb else '''b\nc'''\ny", "w:x@1 m:=@1 s:\"a\"@1 k:if@1 w:rb@1 k:else@1 s:\"b\nc\"@1 w:y@3"},
		{
			javascript, "a = b / c / 2; d = /x\\/[/]'/g.test(`${e}`)",
			"w:a@1 m:=@1 w:b@1 m:/@1 w:c@1 m:/@1 n:2@1 m:;@1 w:d@1 m:=@1 s:/x\\/[/]'/@1 w:g@1 m:.@1 w:test@1 m:(@1 s:\"${e}\"@1 m:)@1",
		},
		{typescript, "@dec() x = 'it", "w:@dec@1 m:(@1 m:)@1 w:x@1 m:=@1 m:'@1 w:it@1"},
		{java, "\"\"\"\n a\"b\n\"\"\" c", "s:\"\n a\"b\n\"@1 w:c@3"},
		{
			rust, "fn f<'a>(c: &'a str) { 'x'; r#\"a\"b\"#; r#type; /* a /* b */ c */ \"d\ne\" }",
			"k:fn@1 w:f@1 m:<@1 w:'a@1 m:>@1 m:(@1 w:c@1 m::@1 m:&@1 w:'a@1 w:str@1 m:)@1 m:{@1 s:\"x\"@1 m:;@1 s:\"a\"b\"@1 m:;@1 w:r#@1 k:type@1 m:;@1 s:\"d\ne\"@1 m:}@2",
		},
		{"cobol", "# a 'b' // \"c", `m:#@1 w:a@1 s:"b"@1 m:/@1 m:/@1 m:"@1 w:c@1`},
		{golang, "é\xff", "w:é@1 m:?@1"},
		{golang, "", ""},
	} {
		var got []string
		for _, x := range Split(tt.lang, []byte(tt.text)) {
			got = append(got, string(x.Kind)+":"+x.Text+"@"+string(rune('0'+x.Line)))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s %q:\n got %s\nwant %s", tt.lang, tt.text, s, tt.want)
		}
	}
}
