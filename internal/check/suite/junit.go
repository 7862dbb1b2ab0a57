package suite

import "strings"

// JUnitSuite is the report of pytest, in its family xunit1. Surefire's is
// alike.
type JUnitSuite struct {
	Name   string       `xml:"name,attr"`
	Suites []JUnitSuite `xml:"testsuite"`
	Cases  []JUnitCase  `xml:"testcase"`
}

// JUnitCase is one test of it.
type JUnitCase struct {
	Class    string        `xml:"classname,attr"`
	Name     string        `xml:"name,attr"`
	File     string        `xml:"file,attr"`
	Line     *int          `xml:"line,attr"` // counted from 0
	Failures []JUnitReason `xml:"failure"`
	Errors   []JUnitReason `xml:"error"`
	Skips    []JUnitReason `xml:"skipped"`
	Out      string        `xml:"system-out"`
}

// JUnitReason says why a test failed or was skipped.
type JUnitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func (r JUnitReason) text() string {
	if strings.TrimSpace(r.Text) == "" {
		return r.Message + "\n"
	}
	return r.Text + "\n"
}

// Outcome gives how a case ended, and what it said of it.
func (c JUnitCase) Outcome() (o Outcome, text string) {
	for _, list := range [][]JUnitReason{c.Failures, c.Errors} {
		for _, f := range list {
			o, text = Fail, Bounded(text, f.text())
		}
	}
	if o == "" && len(c.Skips) > 0 {
		return Skip, Bounded("", c.Skips[0].text())
	}
	if o == "" {
		o = Pass
	}
	return o, Bounded(text, c.Out)
}
