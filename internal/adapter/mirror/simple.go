package mirror

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// simplePage is the page of one package of a Python index (PEP 503, 592, 629,
// 658, 691, 700, 714).
type simplePage struct {
	Meta     simpleMeta   `json:"meta"`
	Name     string       `json:"name"`
	Versions []string     `json:"versions,omitempty"`
	Files    []simpleFile `json:"files"`
}

type simpleMeta struct {
	Version string `json:"api-version"`
}

// simpleFile is one file. What may be a word or a yes is kept as it came.
type simpleFile struct {
	Filename       string            `json:"filename"`
	URL            string            `json:"url"`
	Hashes         map[string]string `json:"hashes"`
	RequiresPython string            `json:"requires-python,omitempty"`
	Metadata       json.RawMessage   `json:"core-metadata,omitempty"`
	OldMetadata    json.RawMessage   `json:"dist-info-metadata,omitempty"` // the former name of the same
	Yanked         json.RawMessage   `json:"yanked,omitempty"`
	Size           int64             `json:"size,omitempty"`
	Uploaded       string            `json:"upload-time,omitempty"`
}

// readSimple reads a page in either form.
func readSimple(name, contentType string, body []byte) (simplePage, error) {
	if !strings.HasPrefix(contentType, simpleJSON) {
		return simplePage{Meta: simpleMeta{"1.0"}, Name: name, Files: readAnchors(string(body))}, nil
	}
	var p simplePage
	if err := json.Unmarshal(body, &p); err != nil {
		return simplePage{}, errors.New("it is not the JSON of one")
	}
	p.Name = name
	if !strings.HasPrefix(p.Meta.Version, "1.") {
		return simplePage{}, errors.New("its version is not known")
	}
	for i := range p.Files {
		if p.Files[i].Metadata == nil {
			p.Files[i].Metadata = p.Files[i].OldMetadata
		}
		p.Files[i].OldMetadata = nil
	}
	return p, nil
}

var (
	anchor    = newPattern(`(?is)<a((?:\s+[^\s=>"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*>`)
	attribute = newPattern(`(?is)([^\s=>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?`)
	hashOf    = newPattern(`^(md5|sha1|sha224|sha256|sha384|sha512)=([0-9a-fA-F]+)$`)
)

// readAnchors reads the links of a page of HTML.
func readAnchors(page string) []simpleFile {
	var out []simpleFile
	for _, a := range anchor().FindAllStringSubmatch(page, -1) {
		f := simpleFile{Hashes: map[string]string{}}
		for _, m := range attribute().FindAllStringSubmatch(a[1], -1) {
			value := html.UnescapeString(strings.Trim(m[2], `"'`))
			switch strings.ToLower(m[1]) {
			case "href":
				f.URL = value
			case "data-requires-python":
				f.RequiresPython = value
			case "data-yanked":
				f.Yanked = quote(value)
			case "data-core-metadata", "data-dist-info-metadata":
				f.Metadata = readMetadata(value)
			}
		}
		u, err := url.Parse(f.URL)
		if err != nil || f.URL == "" {
			continue
		}
		if h := hashOf().FindStringSubmatch(u.Fragment); h != nil {
			f.Hashes[h[1]] = h[2]
		}
		out = append(out, f)
	}
	return out
}

// readMetadata gives what HTML says of the metadata beside a file in the form
// that JSON has it: true, or hashes.
func readMetadata(value string) json.RawMessage {
	if h := hashOf().FindStringSubmatch(value); h != nil {
		return json.RawMessage(`{"` + h[1] + `":"` + h[2] + `"}`)
	}
	if value == "false" {
		return nil
	}
	return json.RawMessage("true")
}

func quote(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	return b
}

// json writes the page with the door's addresses.
func (p simplePage) json(path string) ([]byte, error) {
	p.Files = slices.Clone(p.Files)
	for i := range p.Files {
		f := &p.Files[i]
		f.URL = path + url.PathEscape(f.Filename)
		if f.Hashes == nil {
			f.Hashes = map[string]string{}
		}
	}
	if p.Files == nil {
		p.Files = []simpleFile{}
	}
	return json.Marshal(p)
}

// html writes the page with the door's addresses.
func (p simplePage) html(path string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"><title>%[1]s</title></head><body>\n", html.EscapeString(p.Name))
	for _, f := range p.Files {
		fragment := ""
		for _, name := range slices.Sorted(maps.Keys(f.Hashes)) {
			if h := name + "=" + f.Hashes[name]; hashOf.matches(h) && (fragment == "" || name == "sha256") {
				fragment = "#" + h
			}
		}
		fmt.Fprintf(&b, "<a href=\"%s\"", html.EscapeString(path+url.PathEscape(f.Filename)+fragment))
		if f.RequiresPython != "" {
			fmt.Fprintf(&b, " data-requires-python=\"%s\"", html.EscapeString(f.RequiresPython))
		}
		if why, yanked := f.yanked(); yanked {
			fmt.Fprintf(&b, " data-yanked=\"%s\"", html.EscapeString(why))
		}
		if m := f.metadata(); m != "" {
			fmt.Fprintf(&b, " data-dist-info-metadata=\"%[1]s\" data-core-metadata=\"%[1]s\"", html.EscapeString(m))
		}
		fmt.Fprintf(&b, ">%s</a><br>\n", html.EscapeString(f.Filename))
	}
	b.WriteString("</body></html>\n")
	return b.Bytes()
}

// yanked says why a file was taken back, and whether it was.
func (f simpleFile) yanked() (why string, is bool) {
	if json.Unmarshal(f.Yanked, &is) == nil {
		return "", is
	}
	if json.Unmarshal(f.Yanked, &why) == nil {
		return why, true
	}
	return "", false
}

// metadata gives the hash of the metadata beside a file, or "true", or "".
func (f simpleFile) metadata() string {
	hashes, is := map[string]string{}, false
	if json.Unmarshal(f.Metadata, &is) == nil {
		return map[bool]string{true: "true"}[is]
	}
	if json.Unmarshal(f.Metadata, &hashes) != nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		if h := name + "=" + hashes[name]; hashOf.matches(h) {
			return h
		}
	}
	return "true"
}
