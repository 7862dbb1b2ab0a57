package until

import (
	"testing"
	"time"
	_ "time/tzdata" // where the machine knows no zones
)

// What programs print when a login's quota is used up, and when it then ends.
// They are quoted from reports of people.
func TestQuotaEnd(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	ended := time.Date(2026, 11, 28, 23, 30, 0, 0, berlin)
	for text, want := range map[string]string{
		"Claude AI usage limit reached|1795993200":                                    "2026-11-30 00:00",
		"You've hit your limit · resets 3am":                                          "2026-11-29 03:00",
		"5-hour limit reached ∙ resets 2am":                                           "2026-11-29 02:00",
		"You've hit your limit · resets 1:30am (Asia/Dhaka)":                          "2026-11-29 20:30",
		"Claude usage limit reached. Your limit will reset at 9am (America/Chicago).": "2026-11-29 16:00",
		"Your limit will reset at 7pm (Etc/GMT+5).":                                   "2026-11-29 01:00",
		"Weekly limit reached · resets Dec 3, 10am (UTC) · /upgrade":                  "2026-12-03 11:00",
		"You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or try again in 5 days 22 hours 11\nminutes.": "2026-12-04 21:41",
		"You've hit your usage limit. Try again in 4 hours and 20 minutes.":                                                             "2026-11-29 03:50",
		"or try again at Dec 3rd, 2026 8:19\u202fPM.":                                                                                   "2026-12-03 20:19",
		"You have reached the usage limit, or try again after December 2, 2026, 11:15.":                                                 "2026-12-02 11:15",
		"try again at 11:45 PM":                  "2026-11-28 23:45",
		"Your quota will reset after 18h12m50s.": "2026-11-29 17:42",
		"exhausted your capacity. Your quota will reset after 5s.. Retrying after 6173ms": "2026-11-28 23:32", // never at once
		"rate limit: retry in 34.07s": "2026-11-28 23:32",
		"resets 12am":                 "2026-11-29 00:00",

		// It is not said, has passed, is too far off, or cannot be.
		"You've hit your usage limit.": "", "429 Too Many Requests": "", "credit balance is too low": "", "": "",
		"limit reached · resets 11pm": "", "Claude AI usage limit reached|1762952400": "", "limit reached|99999999999": "",
		"or try again at Dec 30th, 2026 8:19 PM.": "", "try again in 40 days": "", "resets 25:00": "", "resets 13pm": "",
		"resets 3am (Nowhere/Atall)": "", "resets Foo 3, 3am": "", "wait for limits to reset (every 5h and every week.)": "", "try again in 999999 days 999999 days": "",
	} {
		got := ""
		if us := said(text, ended.UnixMicro(), berlin); us != 0 {
			got = time.UnixMicro(us).In(berlin).Format("2006-01-02 15:04")
		}
		if got != want {
			t.Errorf("%q ends %q, want %q", text, got, want)
		}
	}
	if got := said("resets Jan 2, 3am", time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC).UnixMicro(), time.UTC); got != time.Date(2027, 1, 2, 3, 0, 0, 0, time.UTC).UnixMicro() {
		t.Errorf("in the next year: %d", got)
	}
}
