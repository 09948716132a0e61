package e2e_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/proof/enginetest"
)

// The tests of this process share an engine, a client of it, the CLI that runs it,
// and a folder that is removed at the end.
var (
	devServer   *temporal.Server
	server      *engine.Client
	temporalBin string
	scratch     string
)

func TestMain(m *testing.M) {
	code, err := withEngine(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// withEngine runs f with a dev server. A missing Temporal CLI is a failure, not a
// skip: no test of this package works without it.
func withEngine(f func() int) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if temporalBin, err = enginetest.FindCLI(ctx); err != nil {
		return 0, err
	}
	if scratch, err = os.MkdirTemp("", "amends-e2e-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	var attributes []string
	for _, a := range attribute.All {
		attributes = append(attributes, a.String())
	}
	if devServer, err = temporal.Start(ctx, temporal.Options{Bin: temporalBin, Dir: scratch, SearchAttributes: attributes}); err != nil {
		return 0, err
	}
	defer devServer.Stop() //nolint:errcheck // the tests are over
	if server, err = engine.Dial(engine.Options{Address: devServer.Address, Isolated: true}); err != nil {
		return 0, err
	}
	defer server.Close()
	return f(), nil
}
