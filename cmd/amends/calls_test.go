package main

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/secrets"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant"
)

// letsInNobody calls the port of an `amends dev` as another user of the machine, who does
// not know its secrets, and as callers who do.
func letsInNobody(t *testing.T, dir, address string) {
	t.Helper()
	known, err := secrets.Read(filepath.Join(dir, "callers"))
	require.NoError(t, err)
	a, err := access.New(access.Config{Mode: access.Off, Secrets: known, Logger: slog.New(slog.DiscardHandler), Metrics: noop.NewMeterProvider()})
	require.NoError(t, err)
	undo := func(caller, step string) error {
		var plugins []grpc.DialOption
		if caller != "" {
			plugins, err = a.Client(caller, "payment")
			require.NoError(t, err)
		}
		conn, err := rpc.Dial(rpc.DialOptions{Target: address, Plugins: plugins})
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return participant.NewClient(conn).Undo(ctx, saga.Key{Saga: "never-placed", Step: step})
	}
	require.NoError(t, undo("order", "payment.authorize"))
	for _, c := range []struct{ caller, step, rule string }{
		{"", "payment.authorize", "identity.caller"},
		{"shipping", "payment.authorize", "payment.authorize <- order"},
		{"order", "payment.steal", "default deny"},
	} {
		err := undo(c.caller, c.step)
		require.Equal(t, fault.Denied, fault.CodeOf(err), "%+v: %v", c, err)
		require.ErrorContains(t, err, "the rule is "+c.rule)
	}
}

// tellsStock reads the stock of a product at the API, which asks the inventory service.
func tellsStock(t *testing.T, api, sku string, available float64) {
	t.Helper()
	var code int
	var stock map[string]any
	require.Eventually(t, func() bool {
		code, stock = call(t, http.MethodGet, api+"/v1/stock/"+sku, "", nil)
		return code == http.StatusOK
	}, patience, 20*time.Millisecond, "%v", stock)
	require.InDelta(t, available, stock["available"], 0, "%v", stock)
}

// A port that other machines reach needs callers who prove their names by certificates.
func TestAWorkerDoesNotListenForOtherMachinesWithoutCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := append(environment(dir, "127.0.0.1:1")["inventory"], "AMENDS_RPC_LISTEN=0.0.0.0:0")
	_, err := once(t, env, "worker", "inventory")
	require.ErrorContains(t, err, "identity: set identity.cert or identity.secrets, or data_dir to that of an `amends dev`")
	secret := "AMENDS_IDENTITY_SECRETS=inventory=0123456789abcdef"
	_, err = once(t, append(env, secret), "worker", "inventory")
	require.EqualError(t, err, "rpc.listen: identity.mtls is off, so calls are not answered at 0.0.0.0:0, which is not on loopback: configure certificates, or mesh if a mesh protects the connections")
	p := start(t, append(env, secret, "AMENDS_IDENTITY_MTLS=mesh", "AMENDS_ADMIN_ADDR="+freeAddress(t)), "worker", "inventory")
	require.NoError(t, p.end(t))
}
