package agent

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"muster/internal/core/job"
)

// final is what the last final event of a stream said.
type final struct {
	kind    job.OutcomeKind
	message string
}

// judge gives the kind and message of an outcome from the stream's final
// event (nil when there was none), the exit, and what was last known to
// trouble the agent.
//
// A final event of success stands whatever ended the process afterwards: the
// work is there and paid for, and the checks will say what it is worth. In
// all other cases what Muster itself did to the process comes first.
func judge(exit job.Exit, fin *final, trouble string) (job.OutcomeKind, string) {
	if exit.State == job.NotStarted {
		return job.Missing, "the agent's program could not be started: " + exit.Error
	}
	if fin != nil && fin.kind == job.Done {
		return job.Done, fin.message
	}
	switch exit.State {
	case job.TimedOut:
		return job.Timeout, because("Muster ended the agent at its time limit", trouble)
	case job.Stopped:
		return job.Halted, "Muster ended the agent because the run was stopped"
	case job.Lost:
		return job.Vanished, because("the process that watched over the agent died", trouble)
	case job.Exited, job.Signaled, job.NotStarted: // by itself
	}
	if fin != nil {
		return fin.kind, because(fin.message, "")
	}
	how := fmt.Sprintf("the agent ended with exit code %d and without a final event", exit.Code)
	if exit.State == job.Signaled {
		how = fmt.Sprintf("the agent was ended by signal %s, which Muster did not send", exit.Signal)
	}
	if exit.Capped {
		how += "; it printed more than is kept, so a final event may have been dropped"
	}
	return job.Crashed, because(how, trouble)
}

func because(what, why string) string {
	if why = strings.TrimSpace(why); why != "" {
		return what + ": " + why
	}
	return what
}

// advised puts first what a person has to do where trying again is no use and
// the message, which is the agent's, seldom says it.
func advised(kind job.OutcomeKind, message string) string {
	if kind != job.Auth {
		return message
	}
	return because("log the agent in on this machine, or correct its key", message)
}

// lastWords gives the end of what a program printed as its errors, as whole
// lines where they are short enough.
func lastWords(s string) string {
	const most = 1 << 10
	s = strings.TrimSpace(s)
	if len(s) <= most {
		return s
	}
	s = strings.ToValidUTF8(s[len(s)-most:], "")
	if _, rest, ok := strings.Cut(s, "\n"); ok {
		s = rest
	}
	return s
}

// firstOf gives the first text that is not blank.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// byStatus gives the kind of failure for an HTTP status of the model's
// service, and false for a status that says nothing.
func byStatus(status int64) (job.OutcomeKind, bool) {
	switch {
	case status == 401 || status == 403:
		return job.Auth, true
	case status == 402 || status == 429:
		return job.Quota, true
	case status == 408 || status >= 500 && status <= 599:
		return job.Provider, true
	case status >= 400 && status <= 499:
		return job.Refused, true
	}
	return "", false
}

// byText gives the kind of failure for an error message. An unknown message
// is the provider's failure: that is tried again a bounded number of times,
// while the other kinds need a person.
func byText(message string) job.OutcomeKind {
	statusRE := regexp.MustCompile(`(?i)\b(?:status:?|http(?:/[0-9.]+)?|api error:|internal error:|error code:?)\s+([1-5][0-9]{2})\b`)
	if m := statusRE.FindStringSubmatch(message); m != nil {
		status, _ := strconv.ParseInt(m[1], 10, 64)
		if kind, ok := byStatus(status); ok {
			return kind
		}
	}
	low := strings.ToLower(message)
	for _, rule := range textRules() {
		for _, mark := range rule.marks {
			if strings.Contains(low, mark) {
				return rule.kind
			}
		}
	}
	return job.Provider
}

type textRule struct {
	kind  job.OutcomeKind
	marks []string
}

// textRules are looked through in order; the marks are in lower case.
func textRules() []textRule {
	return []textRule{
		{job.Quota, []string{
			"rate limit", "rate_limit", "usage limit", "usage_limit", "quota", "too many requests", "credit balance",
			"limit reached", "hit your limit", "billing",
		}},
		{job.Auth, []string{
			"unauthorized", "authentication", "invalid api key", "invalid_api_key", "incorrect api key", "api key not valid", "invalid x-api-key", "not logged in", "please run /login",
			"log in", "forbidden", "permission_error", "missing bearer", "oauth token", "refresh token", "access token",
		}},
		{job.Provider, []string{
			"overloaded", "high demand", "timed out", "timeout", "stream disconnected", "connection", "network",
			"unavailable", "internal server error", "server_error", "bad gateway", "could not resolve",
		}},
		{job.Refused, []string{
			"invalid_request", "invalid request", "bad request", "context_length", "context window", "prompt is too long",
			"model_not_found", "does not exist", "not supported", "usage policy", "content policy", "refusal",
		}},
	}
}
