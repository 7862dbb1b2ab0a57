package egress_test

import (
	"strings"
	"testing"

	"muster/internal/core/egress"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]egress.Host{
		"api.example.com":         {Name: "api.example.com", Port: 443},
		"API.Example.com:8443":    {Name: "api.example.com", Port: 8443},
		"*.example.com":           {Name: "example.com", Below: true, Port: 443},
		"*.example.com:22":        {Name: "example.com", Below: true, Port: 22},
		"xn--bcher-kva.example":   {Name: "xn--bcher-kva.example", Port: 443},
		"1.example.com":           {Name: "1.example.com", Port: 443},
		"under_score.example.com": {Name: "under_score.example.com", Port: 443},
	} {
		got, why := egress.Parse(text)
		if got != want || why != "" {
			t.Errorf("%s: %+v %q", text, got, why)
		}
		if again, _ := egress.Parse(got.String()); again != got {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	for text, want := range map[string]string{
		"":                                       "no name",
		"https://example.com":                    "more than a host",
		"example.com/path":                       "more than a host",
		"example.com:":                           "no port",
		"example.com:0":                          "no port",
		"example.com:65536":                      "no port",
		"example.com:080":                        "no port",
		"example.com:https":                      "no port",
		"example.com.":                           "no name",
		"-a.example.com":                         "no name",
		"a b.example.com":                        "no name",
		"*.*.example.com":                        "no name",
		"a*.example.com":                         "no name",
		"bücher.example":                         "no name",
		"user@example.com":                       "no name",
		"*":                                      "no name",
		"*.com":                                  "has no dot",
		"intranet":                               "has no dot",
		"localhost":                              "this machine",
		"db.localhost":                           "this machine",
		"printer.local":                          "this machine",
		"metadata.cloud.internal":                "this machine",
		"127.0.0.1":                              "address of a network",
		"127.1":                                  "address of a network",
		"2130706433":                             "address of a network",
		"0x7f000001":                             "address of a network",
		"a.0x7f":                                 "address of a network",
		"*.0.0.1":                                "address of a network",
		"[::1]":                                  "address of a network",
		"[::1]:443":                              "address of a network",
		strings.Repeat("a", 64) + ".example.com": "no name",
		strings.Repeat("a.", 127) + "example.com": "no name",
	} {
		if got, why := egress.Parse(text); !strings.Contains(why, want) || got != (egress.Host{}) {
			t.Errorf("%s: %+v %q, want %q", text, got, why, want)
		}
	}
}

func TestTarget(t *testing.T) {
	if name, port, why := egress.Target("API.example.com:443"); name != "api.example.com" || port != 443 || why != "" {
		t.Errorf("%s %d %s", name, port, why)
	}
	for text, want := range map[string]string{
		"example.com": "no port", "example.com:": "no port", "example.com:99999": "no port", "10.0.0.1:443": "address of a network",
		"[::1]:443": "address of a network", "::1:443": "address of a network", "example.com.:443": "no name", "a@example.com:443": "no name",
		"localhost:443": "this machine", "2130706433:443": "address of a network", ":443": "no name", "example.com\x00:443": "no name",
	} {
		if name, port, why := egress.Target(text); !strings.Contains(why, want) || name != "" || port != 0 {
			t.Errorf("%q: %q %d %q", text, name, port, why)
		}
	}
}

func TestAllowed(t *testing.T) {
	exact, _ := egress.Parse("example.com")
	below, _ := egress.Parse("*.example.org:8443")
	hosts := []egress.Host{exact, below}
	for _, tt := range []struct {
		name string
		port int
		want bool
	}{
		{"example.com", 443, true},
		{"example.com", 80, false},
		{"a.example.com", 443, false},
		{"badexample.com", 443, false},
		{"example.com.evil.net", 443, false},
		{"a.example.org", 8443, true},
		{"a.b.example.org", 8443, true},
		{"example.org", 8443, false},
		{"a.example.org", 443, false},
		{"badexample.org", 8443, false},
	} {
		if got := egress.Allowed(hosts, tt.name, tt.port); got != tt.want {
			t.Errorf("%s:%d: %v", tt.name, tt.port, got)
		}
	}
	if egress.Allowed(nil, "example.com", 443) || (egress.Host{Below: true, Port: 443}).Allows("a.", 443) {
		t.Error("nothing allows something")
	}
	if got, want := egress.Line(hosts, "new.example.net", 22), `egress: [example.com, "*.example.org:8443", "new.example.net:22"]`; got != want {
		t.Errorf("%s", got)
	}
}
