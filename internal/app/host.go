package app

import "muster/internal/app/machine"

// Host is the machine and the person as Muster sees them.
type Host = machine.Host

// ThisHost reads the process that it is called in.
func ThisHost() (Host, error) { return machine.This() }
