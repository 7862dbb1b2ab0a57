package linters

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/reviewdog/errorformat"

	"muster/internal/core/job"
)

// sarifLog is what is read of a log in SARIF 2.1.0 (OASIS, 2020). What a tool
// leaves out has the values that the standard gives.
type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []sarifRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	} `json:"runs"`
}

type sarifRule struct {
	ID                   string `json:"id"`
	DefaultConfiguration struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifResult struct {
	RuleID    string `json:"ruleId"`
	RuleIndex *int   `json:"ruleIndex"`
	Rule      struct {
		ID string `json:"id"`
	} `json:"rule"`
	Kind    string `json:"kind"`
	Level   string `json:"level"`
	Message struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	} `json:"message"`
	Locations []struct {
		PhysicalLocation struct {
			ArtifactLocation struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine int `json:"startLine"`
				EndLine   int `json:"endLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
	Suppressions []json.RawMessage `json:"suppressions"`
}

// readSARIF reads a log. Text around it, which some tools print, makes it
// unreadable: an answer is not guessed.
func readSARIF(data []byte) ([]said, error) {
	var log sarifLog
	if len(data) == 0 {
		return nil, errors.New("it wrote no SARIF")
	}
	if err := json.Unmarshal(data, &log); err != nil {
		return nil, fmt.Errorf("what it wrote is no SARIF: %w", err)
	}
	if log.Runs == nil {
		return nil, errors.New("what it wrote is no SARIF: it has no runs")
	}
	var out []said
	for _, run := range log.Runs {
		for _, r := range run.Results {
			if len(r.Suppressions) > 0 || r.Kind != "" && r.Kind != "fail" && r.Kind != "open" && r.Kind != "review" {
				continue
			}
			out = append(out, r.said(run.Tool.Driver.Rules))
		}
	}
	return out, nil
}

func (r sarifResult) said(rules []sarifRule) said {
	x := said{rule: r.RuleID, level: r.Level, message: r.Message.Text}
	if x.rule == "" {
		x.rule = r.Rule.ID
	}
	if x.message == "" {
		x.message = r.Message.Markdown
	}
	for i, rule := range rules {
		if r.RuleIndex != nil && *r.RuleIndex == i || r.RuleIndex == nil && rule.ID == x.rule {
			if x.rule == "" {
				x.rule = rule.ID
			}
			if x.level == "" {
				x.level = rule.DefaultConfiguration.Level
			}
			break
		}
	}
	if x.level == "" {
		x.level = "warning"
	}
	if len(r.Locations) > 0 {
		at := r.Locations[0].PhysicalLocation
		x.path, x.start, x.end = fromURI(at.ArtifactLocation.URI), max(at.Region.StartLine, 1), at.Region.EndLine
	}
	return x
}

// fromURI gives the path that a URI of a log stands for.
func fromURI(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "" && u.Scheme != "file" {
		return ""
	}
	return u.Path
}

// byPattern reads what a tool printed, by patterns of errorformat.
func byPattern(patterns []string, out job.Output) ([]said, error) {
	efm, err := compile(patterns)
	if err != nil {
		return nil, fmt.Errorf("its patterns cannot be read: %w", err)
	}
	var all []said
	for _, text := range []string{out.Stdout, out.Stderr} {
		scan := efm.NewScanner(strings.NewReader(text))
		for scan.Scan() {
			e := scan.Entry()
			if !e.Valid || e.Filename == "" || e.Lnum < 1 {
				continue
			}
			all = append(all, said{path: e.Filename, start: e.Lnum, end: e.EndLnum, level: levelOf(e.Type), message: e.Text})
		}
	}
	if len(all) == 0 && out.Code != 0 {
		return nil, errors.New("nothing it printed fits its patterns")
	}
	return all, nil
}

// compile reads patterns. The module breaks on one that ends in a lone "%".
func compile(patterns []string) (efm *errorformat.Errorformat, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%q: %v", patterns, p)
		}
	}()
	return errorformat.NewErrorformat(patterns)
}

// levelOf gives the level of a type of errorformat. What says none is no error.
func levelOf(t rune) string {
	switch t {
	case 'E', 'e':
		return "error"
	case 'I', 'i', 'N', 'n':
		return "note"
	}
	return "warning"
}
