package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
)

// identified is the environment of a process that knows its caller.
func identified(more ...string) []string {
	return append([]string{
		"AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1", "AMENDS_BROKER_URL=nats://127.0.0.1:1",
		"AMENDS_IDENTITY_SECRETS=api=api-secret-of-this-test,payment=payment-secret-of-this-test",
	}, more...)
}

// TestCheckConfig: neither the engine nor the broker of these environments exists, so a
// process that connected would wait.
func TestCheckConfig(t *testing.T) {
	t.Parallel()
	payment := []string{"AMENDS_SERVICES_PAYMENT_DSN=sqlite:/nowhere/payment.db", "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN=sqlite:/nowhere/provider.db"}
	bad := filepath.Join(t.TempDir(), "bad.pem")
	require.NoError(t, os.WriteFile(bad, []byte("no certificate"), 0o600))

	for name, test := range map[string]struct {
		args, env []string
		want      string // "": the configuration is valid
	}{
		"Dev":                 {args: []string{"dev"}},
		"DevElsewhere":        {args: []string{"dev"}, env: []string{"AMENDS_TEMPORAL_ADDRESS=engine.shop:7233"}, want: "temporal.address"},
		"API":                 {args: []string{"api"}, env: identified()},
		"APIWithoutAccounts":  {args: []string{"api"}, env: []string{"AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1"}, want: "auth: is required, but the user service cannot be asked"},
		"APIWithoutIdentity":  {args: []string{"api"}, env: append(identified(), "AMENDS_IDENTITY_SECRETS=payment=payment-secret-of-this-test"), want: "identity: "},
		"APIWithABadFile":     {args: []string{"api"}, env: identified("AMENDS_TLS_CERT="+bad, "AMENDS_TLS_KEY="+bad), want: "tls.cert: "},
		"Worker":              {args: []string{"worker", "payment"}, env: identified(payment...)},
		"WorkerWithoutADSN":   {args: []string{"worker", "payment"}, env: identified(), want: "services.payment.dsn: must be set"},
		"WorkerForAllToReach": {args: []string{"worker", "payment", "--rpc-listen", "0.0.0.0:7080"}, env: identified(payment...), want: "rpc.listen: "},
		"WorkerWithABadFile": {
			args: []string{"worker", "payment"},
			env: append(payment, "AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1", "AMENDS_BROKER_URL=nats://127.0.0.1:1", "AMENDS_IDENTITY_ENV=trial",
				"AMENDS_IDENTITY_CERT="+bad, "AMENDS_IDENTITY_KEY="+bad, "AMENDS_IDENTITY_BUNDLE="+bad),
			want: "identity: ",
		},
		"WorkerWithAShortSecret": {
			args: []string{"worker", "user"},
			env:  []string{"AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1", "AMENDS_SERVICES_USER_DSN=sqlite:/nowhere/user.db"},
			want: "services.user.secret: must be set",
		},
		"Migrate":          {args: []string{"migrate", "payment"}, env: payment},
		"MigrateTheEngine": {args: []string{"migrate", "temporal"}, env: []string{"AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1"}},
		"MigrateNothing":   {args: []string{"migrate"}, want: "migrate: name services"},
		"APIWithoutItsRoutes": {
			args: []string{"api", "--legacy-file", "/nowhere/routes.yaml"}, env: identified(),
			want: "legacy.file: /nowhere/routes.yaml",
		},
		"APIWithRoutesThatCannotBeRead": {args: []string{"api", "--legacy-file", bad}, env: identified(), want: "legacy.file: " + bad},
		"Broker":                        {args: []string{"broker"}},
		"BrokerWithoutAFile":            {args: []string{"broker", "--broker-users", "/nowhere/users"}, want: "/nowhere/users"},
		"AVariableMisspelled":           {args: []string{"broker"}, env: []string{"AMENDS_BROKER_LISTN=x"}, want: "AMENDS_BROKER_LISTN: unknown variable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := once(t, test.env, append(test.args, "--check-config")...)
			if test.want == "" {
				require.NoError(t, err)
				require.Equal(t, test.args[0]+": the configuration is valid\n", out)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

// TestEveryProcessChecksItsConfiguration: deploy/compose and the chart run each of these.
func TestEveryProcessChecksItsConfiguration(t *testing.T) {
	t.Parallel()
	checked := []string{}
	for _, cmd := range commands(cli.Stdio{}) {
		if cmd.Flags().Lookup("check-config") != nil {
			checked = append(checked, cmd.Name())
		}
	}
	require.ElementsMatch(t, []string{"dev", "api", "worker", "broker", "migrate"}, checked)
}

func TestReady(t *testing.T) {
	t.Parallel()
	p := startDev(t, t.TempDir())
	admin := p.admin[len("http://"):]

	out, err := once(t, []string{"AMENDS_ADMIN_ADDR=" + admin}, "ready")
	require.NoError(t, err)
	require.Contains(t, out, `"status":"ok"`)

	require.NoError(t, p.end(t))
	_, err = once(t, nil, "ready", "--admin-addr", admin)
	require.ErrorContains(t, err, "connection refused")
}
