// Package until reads when a used-up quota ends, from what programs of agents
// print for people. A gateway of Muster's knows it better; a login of a person's
// own has nothing else.
package until

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"muster/internal/core/job"
)

// Bounds of when a used-up quota is believed to end.
const (
	soonest = 2 * time.Minute    // an agent that gave up is not started again at once, whatever its service says
	latest  = 8 * 24 * time.Hour // quotas of a week are the longest; what is farther off a person should see
	stale   = 2 * time.Hour      // a clock time that was that long ago is meant for today, and has passed
)

// Ends gives when the used-up quota of an attempt ends: as its program's own
// events said (UntilUS), else as its last words do; 0 when that is not known, or
// when it ended in another way.
func Ends(o job.Outcome, endedUS int64) int64 {
	if o.Kind != job.Quota || endedUS <= 0 {
		return 0
	}
	if o.UntilUS > 0 {
		return plausible(time.UnixMicro(o.UntilUS), time.UnixMicro(endedUS))
	}
	return said(o.Message, endedUS, time.Local)
}

// OfClaude reads the event in which Claude Code tells how its limits are, and
// gives when a used-up one ends, in microseconds since 1970; before otherwise:
// the event comes also while there is quota left.
func OfClaude(line []byte, before int64) int64 {
	var e struct {
		Info struct {
			Status string  `json:"status"`
			Resets float64 `json:"resetsAt"` // seconds since 1970
		} `json:"rate_limit_info"`
	}
	if json.Unmarshal(line, &e) != nil || e.Info.Status != "rejected" || !(e.Info.Resets > 0 && e.Info.Resets < 1e12) {
		return before
	}
	return int64(e.Info.Resets) * 1e6
}

// said reads from what an agent said when its used-up quota ends: 0 when it
// does not say, or says what cannot be. Ended is when it ended, in microseconds
// since 1970; a time without a zone is one of here.
//
// The forms are those that Claude Code, Codex and Gemini CLI print.
func said(text string, endedUS int64, here *time.Location) int64 {
	low := strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(strings.ToLower(text))
	ended := time.UnixMicro(endedUS).In(here)
	for _, read := range []func(string, time.Time) (time.Time, bool){bySeconds, bySpan, byDate, byClock} {
		if at, ok := read(low, ended); ok {
			return plausible(at, ended)
		}
	}
	return 0
}

// plausible gives the moment that an agent waits for, or 0.
func plausible(at, ended time.Time) int64 {
	wait := at.Sub(ended)
	if wait <= 0 || wait > latest {
		return 0
	}
	return ended.Add(max(wait, soonest)).UnixMicro()
}

// bySeconds reads "limit reached|1762952400".
func bySeconds(low string, _ time.Time) (time.Time, bool) {
	m := regexp.MustCompile(`limit reached[^|]{0,40}\|\s*(\d{9,11})\b`).FindStringSubmatch(low)
	if m == nil {
		return time.Time{}, false
	}
	s, err := strconv.ParseInt(m[1], 10, 64)
	return time.Unix(s, 0), err == nil
}

const leads = `(?:again|retry|retrying|resets?|available)`

// bySpan reads "try again in 5 days 22 hours 11 minutes" and "will reset after
// 18h12m50s".
func bySpan(low string, ended time.Time) (time.Time, bool) {
	m := regexp.MustCompile(leads + `\s+(?:in|after)\s+((?:\d{1,6}(?:\.\d{1,6})?\s*(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)[\s,]*(?:and\s+)?)+)`).FindStringSubmatch(low)
	if m == nil {
		return time.Time{}, false
	}
	var wait time.Duration
	for _, p := range regexp.MustCompile(`(\d{1,6}(?:\.\d{1,6})?)\s*([dhms])`).FindAllStringSubmatch(m[1], -1) {
		n, err := strconv.ParseFloat(p[1], 64)
		if err != nil {
			return time.Time{}, false
		}
		wait += time.Duration(n * float64(map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}[p[2]]))
	}
	return ended.Add(wait), true
}

// byDate reads "try again at Jul 5th, 2026 8:19 PM" and "resets Oct 3, 3am
// (Europe/Berlin)".
func byDate(low string, ended time.Time) (time.Time, bool) {
	m := regexp.MustCompile(leads + `\s+(?:(?:at|on|after)\s+)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(?:(\d{4}),?\s+)?(?:at\s+)?(\d{1,2}(?::\d{2})?\s?(?:am|pm)?)(?:\s*\(([a-z0-9_/+\-]{1,40})\))?`).FindStringSubmatch(low)
	if m == nil {
		return time.Time{}, false
	}
	zone, ok := zoneOf(m[5], ended)
	hour, minute, isTime := clockOf(m[4])
	if !ok || !isTime {
		return time.Time{}, true // it says when, and cannot be understood
	}
	month := time.Month(1 + strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", m[1])/3)
	day, _ := strconv.Atoi(m[2]) // two digits
	year, err := strconv.Atoi(m[3])
	if err != nil {
		year = ended.In(zone).Year()
	}
	at := time.Date(year, month, day, hour, minute, 0, 0, zone)
	if err != nil && at.Before(ended.Add(-180*24*time.Hour)) {
		at = at.AddDate(1, 0, 0) // in January, said in December
	}
	return at, true
}

// byClock reads "resets 3am", "resets 1:30am (Asia/Dhaka)" and "try again at 3:05
// PM": the next time that clocks show that.
func byClock(low string, ended time.Time) (time.Time, bool) {
	m := regexp.MustCompile(leads + `\s+(?:at\s+)?(\d{1,2}(?::\d{2}\s?(?:am|pm)?|\s?(?:am|pm)))(?:\s*\(([a-z0-9_/+\-]{1,40})\))?`).FindStringSubmatch(low)
	if m == nil {
		return time.Time{}, false
	}
	zone, ok := zoneOf(m[2], ended)
	hour, minute, isTime := clockOf(m[1])
	if !ok || !isTime {
		return time.Time{}, true
	}
	now := ended.In(zone)
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, zone)
	switch {
	case at.After(now), now.Sub(at) < stale:
		return at, true
	}
	return time.Date(now.Year(), now.Month(), now.Day()+1, hour, minute, 0, 0, zone), true
}

// clockOf reads 3am, 3:05 pm or 15:05.
func clockOf(s string) (hour, minute int, ok bool) {
	s = strings.ReplaceAll(s, " ", "")
	half := ""
	for _, h := range []string{"am", "pm"} {
		if rest, found := strings.CutSuffix(s, h); found {
			s, half = rest, h
		}
	}
	h, m, _ := strings.Cut(s, ":")
	hour, err := strconv.Atoi(h)
	if err != nil || half != "" && (hour < 1 || hour > 12) {
		return 0, 0, false
	}
	if m != "" {
		if minute, err = strconv.Atoi(m); err != nil {
			return 0, 0, false
		}
	}
	switch {
	case half == "am" && hour == 12:
		hour = 0
	case half == "pm" && hour != 12:
		hour += 12
	}
	return hour, minute, hour < 24 && minute < 60
}

// zoneOf finds a zone by its name in lower case; none is that of here.
func zoneOf(name string, ended time.Time) (*time.Location, bool) {
	if name == "" {
		return ended.Location(), true
	}
	if name == "utc" || name == "gmt" {
		return time.UTC, true
	}
	// Names of zones are written with capitals: Asia/Dhaka, America/New_York, Etc/GMT+5.
	upper := regexp.MustCompile(`(^|[/_\-])[a-z]`).ReplaceAllStringFunc(name, strings.ToUpper)
	for _, n := range []string{upper, strings.ToUpper(name), strings.Replace(upper, "Gmt", "GMT", 1), strings.NewReplacer("_Of_", "_of_", "_Es_", "_es_", "-Au-", "-au-").Replace(upper)} {
		if zone, err := time.LoadLocation(n); err == nil {
			return zone, true
		}
	}
	return nil, false
}
