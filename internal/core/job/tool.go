package job

import "slices"

// The kinds of tools.
const (
	ToolServer = "server" // an MCP server
	ToolHook   = "hook"
)

// Tool is a program that the repository offers agents, and that a person has
// approved: an agent's program may start it. What it runs of the repository
// lies in a folder of Muster's, as it was approved.
type Tool struct {
	ID    string   `json:"id"`   // of the offer: the beginning of its hash
	Hash  string   `json:"hash"` // of the entry and the files that it names
	Kind  string   `json:"kind"` // ToolServer or ToolHook
	Name  string   `json:"name"` // of the server; of a hook the event
	For   []string `json:"for"`  // the drivers whose programs get it
	Argv  []string `json:"argv,omitempty"`
	Shell string   `json:"shell,omitempty"` // of a hook that is a line of shell
	Match string   `json:"match,omitempty"` // of a hook: the tools that it is for; empty is all
	Env   []string `json:"env,omitempty"`   // NAME=value

	Root  string            `json:"root,omitempty"`  // absolute: the folder with its files, which is read only; empty when it names none
	Files map[string]string `json:"files,omitempty"` // path below Root to the sha256 of what it holds
}

// ToolsFor gives those that a driver's program gets.
func ToolsFor(tools []Tool, driver, kind string) []Tool {
	return slices.DeleteFunc(slices.Clone(tools), func(t Tool) bool { return t.Kind != kind || !slices.Contains(t.For, driver) })
}
