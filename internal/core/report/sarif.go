package report

import (
	"encoding/json"
	"slices"

	"muster/internal/core/evidence"
)

// The parts of SARIF 2.1.0 (OASIS, 2023) that are written. Names are the
// standard's own.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool        `json:"tool"`
	Results    []sarifResult    `json:"results"`
	Properties map[string]any   `json:"properties,omitempty"`
	Invocation []map[string]any `json:"invocations"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID string `json:"id"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   map[string]any    `json:"properties"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
	EndLine   int `json:"endLine,omitempty"`
}

// SARIF writes the findings of a verdict in SARIF 2.1.0: gates as errors, what
// points as warnings, context as notes.
func SARIF(v Verdict) []byte {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "muster", Version: v.Muster, Rules: []sarifRule{}}},
		Results: []sarifResult{},
		Properties: map[string]any{
			"route": v.Route, "reasons": v.Reasons, "not_run": v.NotRun, "base_tree": v.BaseTree, "head_tree": v.HeadTree,
		},
		Invocation: []map[string]any{{"executionSuccessful": true}},
	}
	for _, f := range v.Findings {
		rule := sarifRule{ruleID(f)}
		index := slices.Index(run.Tool.Driver.Rules, rule)
		if index < 0 {
			index = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
		}
		r := sarifResult{
			RuleID: rule.ID, RuleIndex: index, Level: sarifLevel(f.Level), Message: sarifText{f.Message},
			Fingerprints: map[string]string{"muster/v1": f.Fingerprint},
			Properties:   map[string]any{"id": f.ID, "grade": f.Grade, "reproduce": f.Reproduce},
		}
		if f.Path != "" {
			at := sarifPhysical{Artifact: sarifArtifact{URI: escapePath(f.Path), Base: "%SRCROOT%"}}
			if f.StartLine > 0 {
				at.Region = &sarifRegion{StartLine: f.StartLine, EndLine: max(f.EndLine, f.StartLine)}
			}
			r.Locations = []sarifLocation{{at}}
		}
		run.Results = append(run.Results, r)
	}
	out, err := json.MarshalIndent(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
	if err != nil {
		panic(err) // strings and numbers only
	}
	return append(out, '\n')
}

func ruleID(f evidence.Finding) string {
	if f.Rule == "" {
		return f.Check
	}
	return f.Check + "/" + f.Rule
}

func sarifLevel(l evidence.Level) string {
	switch l {
	case evidence.Gate:
		return "error"
	case evidence.Context:
		return "note"
	case evidence.Locator:
	}
	return "warning"
}

// escapePath writes a path as a relative URI: every byte but the unreserved
// characters of RFC 3986 and the slash is escaped.
func escapePath(path string) string {
	const hex = "0123456789ABCDEF"
	var out []byte
	for i := range len(path) {
		c := path[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '.' || c == '-' || c == '_' || c == '~' {
			out = append(out, c)
			continue
		}
		out = append(out, '%', hex[c>>4], hex[c&15])
	}
	return string(out)
}
