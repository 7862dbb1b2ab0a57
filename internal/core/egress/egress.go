// Package egress says which hosts of the outside a confined process may reach:
// one entry of the configuration's key egress, the target of a connection, and
// whether the one allows the other.
//
// Hosts are named, never numbered: an address of a network would say nothing to
// the person who reads the configuration, and could be one of this machine.
package egress

import (
	"slices"
	"strconv"
	"strings"
)

// DefaultPort is meant where an entry names no port.
const DefaultPort = 443

// Host is one entry: a host, or every host below a name, at one port.
type Host struct {
	Name  string `json:"name"`            // lower case, at least two labels, no dot at the end
	Below bool   `json:"below,omitempty"` // every name below Name, and not Name itself
	Port  int    `json:"port"`
}

// Parse reads "host", "host:port", "*.host" or "*.host:port". Otherwise it says
// why not, to be put after the text.
func Parse(text string) (h Host, why string) {
	if strings.Contains(text, "://") || strings.Contains(text, "/") {
		return Host{}, "is an address with more than a host in it"
	}
	if strings.ContainsAny(text, "[]") || strings.Count(text, ":") > 1 {
		return Host{}, "is an address of a network; hosts are named"
	}
	name, port, hasPort := strings.Cut(text, ":")
	h.Port = DefaultPort
	if hasPort {
		if h.Port = readPort(port); h.Port == 0 {
			return Host{}, "has no port between 1 and 65535 after the colon"
		}
	}
	h.Name, h.Below = strings.CutPrefix(strings.ToLower(name), "*.")
	if why := badName(h.Name); why != "" {
		return Host{}, why
	}
	return h, ""
}

// Target reads the "host:port" that a process wants to be connected with.
func Target(text string) (name string, port int, why string) {
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return "", 0, "has no port"
	}
	if port = readPort(text[at+1:]); port == 0 {
		return "", 0, "has no port between 1 and 65535"
	}
	name = strings.ToLower(text[:at])
	if why := badName(name); why != "" {
		return "", 0, why
	}
	return name, port, ""
}

// readPort gives 0 for what is no port, or not written as one is.
func readPort(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != text {
		return 0
	}
	return n
}

// badName says what is wrong with the name of a host, in lower case, or "".
func badName(name string) string {
	labels := strings.Split(name, ".")
	last := labels[len(labels)-1]
	switch {
	case strings.ContainsAny(name, "[]:"):
		return "is an address of a network; hosts are named"
	case len(name) > 253 || slices.ContainsFunc(labels, func(l string) bool { return !isLabel(l) }):
		return "is no name of a host"
	case isNumber(last):
		return "is an address of a network; hosts are named"
	case last == "localhost" || last == "local" || last == "internal":
		return "is a name of this machine or of its own network"
	case len(labels) < 2:
		return "has no dot, so that it would name a host of the own network, or a whole domain"
	}
	return ""
}

func isLabel(l string) bool {
	return len(l) > 0 && len(l) <= 63 && l[0] != '-' && l[len(l)-1] != '-' && strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// isNumber reports whether a last label makes the whole an address, as C
// libraries read them: 127.0.0.1, 0x7f000001, 127.1, 0177.0.0.1.
func isNumber(label string) bool {
	hex, isHex := strings.CutPrefix(label, "0x")
	if isHex {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// Allows reports whether the entry allows a connection to a host, in lower
// case, and port.
func (h Host) Allows(name string, port int) bool {
	if h.Port != port || h.Name == "" {
		return false
	}
	if h.Below {
		return strings.HasSuffix(name, "."+h.Name)
	}
	return name == h.Name
}

// String writes an entry as Parse reads it.
func (h Host) String() string {
	text := h.Name
	if h.Below {
		text = "*." + text
	}
	if h.Port != DefaultPort {
		text += ":" + strconv.Itoa(h.Port)
	}
	return text
}

// Allowed reports whether one of the entries allows a connection.
func Allowed(hosts []Host, name string, port int) bool {
	return slices.ContainsFunc(hosts, func(h Host) bool { return h.Allows(name, port) })
}

// Line is the line of the configuration that would allow a connection beside
// what is allowed already.
func Line(hosts []Host, name string, port int) string {
	entries := make([]string, 0, len(hosts)+1)
	for _, h := range append(slices.Clone(hosts), Host{Name: name, Port: port}) {
		entry := h.String()
		if strings.ContainsAny(entry, "*:") {
			entry = `"` + entry + `"`
		}
		entries = append(entries, entry)
	}
	return "egress: [" + strings.Join(entries, ", ") + "]"
}
