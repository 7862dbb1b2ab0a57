package manifest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
)

// readPom walks a pom.xml by its tokens and takes every <dependency>,
// <parent> and <repository>. Entities that the file declares itself are not
// resolved.
func readPom(f *File, text []byte) {
	f.Ecosystem = Maven
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var stack []string
	var open map[string]string
	var line int
	for range 1_000_000 { // tokens; a pom.xml has thousands
		tok, err := dec.Token()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				f.problem(err)
			}
			return
		}
		switch t := tok.(type) {
		case xml.StartElement:
			stack = append(stack, t.Name.Local)
			if isPomEntry(t.Name.Local) {
				line, _ = dec.InputPos()
				open = map[string]string{}
			}
		case xml.CharData:
			n := len(stack)
			switch text := strings.TrimSpace(string(t)); {
			case text == "" || n == 0:
			case open != nil && n > 1 && isPomEntry(stack[n-2]):
				open[stack[n-1]] += text
			case n == 2 && stack[1] == "artifactId":
				f.Name = text
			}
		case xml.EndElement:
			if open != nil && isPomEntry(t.Name.Local) {
				f.pomEntry(t.Name.Local, open, line)
				open = nil
			}
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
		}
	}
}

func isPomEntry(element string) bool {
	return element == "dependency" || element == "plugin" || element == "extension" ||
		element == "repository" || element == "pluginRepository"
}

func (f *File) pomEntry(element string, e map[string]string, line int) {
	if strings.HasSuffix(strings.ToLower(element), "repository") {
		if e["url"] != "" {
			f.Overrides = append(f.Overrides, Override{Kind: "registry", Name: e["id"], Target: e["url"], Line: line})
		}
		return
	}
	if e["artifactId"] == "" {
		return
	}
	d := Dependency{Name: e["groupId"] + ":" + e["artifactId"], Version: e["version"], Line: line}
	switch {
	case element != "dependency":
		d.Kind = Build
	case e["scope"] == "test":
		d.Kind = Dev
	case e["scope"] == "system":
		d.Source, d.Locator = Path, e["systemPath"]
	case e["optional"] == "true":
		d.Kind = Optional
	}
	f.add(d)
}

// readGradle takes what is written out in a build script: "group:name:version"
// after a configuration, and the addresses of repositories. A script is a
// program: what it lists may not be all.
func readGradle(f *File, text []byte) {
	f.Ecosystem, f.Dynamic = Maven, true
	coordinate := regexp.MustCompile(`\b(\w*(?:[iI]mplementation|[aA]pi|[cC]ompile|[cC]ompileOnly|[rR]untimeOnly|kapt|ksp|annotationProcessor|classpath))\b[\s(]+(?:platform\()?["']([\w.-]+:[\w.-]+)(?::([^"':]+))?`)
	project := regexp.MustCompile(`\b\w+[\s(]+project\(`)
	maven := regexp.MustCompile(`\b(?:url|setUrl|maven)\b[\s=(]*(?:uri\()?["']([a-z]+://[^"']+)`)
	for i, line := range split(text).list {
		if project.MatchString(line) {
			continue
		}
		if m := coordinate.FindStringSubmatch(line); m != nil {
			kind := Prod
			if strings.HasPrefix(strings.ToLower(m[1]), "test") || strings.HasPrefix(strings.ToLower(m[1]), "androidtest") {
				kind = Dev
			}
			f.add(Dependency{Name: m[2], Version: m[3], Kind: kind, Line: i + 1})
		}
		if m := maven.FindStringSubmatch(line); m != nil {
			f.Overrides = append(f.Overrides, Override{Kind: "registry", Target: m[1], Line: i + 1})
		}
	}
}
