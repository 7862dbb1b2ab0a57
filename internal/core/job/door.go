package job

import "strings"

// Door is the one way out of a process to a service of Muster's. Whoever can
// connect to its socket is the attempt that the socket was made for.
type Door struct {
	Socket string `json:"socket"` // Unix socket, absolute; every connection to the door is forwarded to it, byte for byte
}

// DoorAddress stands in arguments and variables for the address of the door,
// host:port, which is known only when the process starts.
const DoorAddress = "127.0.0.1:MUSTER_DOOR"

// KeptVariable is set for what a shim starts to have its door served
// (Spec.DoorKeeper). A shim has no environment to hand on.
const KeptVariable = "MUSTER_KEPT"

// PutDoor gives the texts with address in place of DoorAddress.
func PutDoor(texts []string, address string) []string {
	put := make([]string, len(texts))
	for i, text := range texts {
		put[i] = strings.ReplaceAll(text, DoorAddress, address)
	}
	return put
}
