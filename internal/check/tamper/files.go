package tamper

import "context"

func (j *judge) compareFiles() {}

func (j *judge) compareConfig(_ context.Context) error { return nil }
