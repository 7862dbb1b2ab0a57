package registries

import "strings"

// Proxy is one entry of GOPROXY.
type Proxy struct {
	Base   string
	Always bool // the next one is asked after any failure, not only when it has nothing
}

// Proxies reads GOPROXY ("go help goproxy"): "direct" and "off" end the list.
func Proxies(list string) []Proxy {
	var out []Proxy
	for list != "" {
		i := strings.IndexAny(list, ",|")
		p := Proxy{Base: strings.TrimSpace(list)}
		rest := ""
		if i >= 0 {
			p.Base, p.Always, rest = strings.TrimSpace(list[:i]), list[i] == '|', list[i+1:]
		}
		list = rest
		switch p.Base {
		case "direct", "off", "noproxy":
			return out
		case "":
		default:
			out = append(out, p)
		}
	}
	return out
}
