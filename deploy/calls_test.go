package deploy

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/identity/policy"
	callersecrets "github.com/amends/amends/internal/identity/secrets"
)

// callers are the processes of the platform that connect to the broker, by their names.
func callers(t *testing.T) map[string]service {
	t.Helper()
	services := load(t, platformFile).Services
	found := map[string]service{"api": services["api"]}
	for name := range known() {
		found[name] = services["worker-"+name]
	}
	return found
}

func TestEveryProcessHasAUserOfTheBroker(t *testing.T) { //nolint:paralleltest // it sets the environment
	folder, made := secrets(t)
	for key, value := range load(t, engineFile).Services["broker"].Environment {
		require.Contains(t, made, key, "%s has no secret, so its default stays", value)
		t.Setenv(key, made[key])
	}
	conf, err := server.ProcessConfigFile("nats/nats.conf")
	require.NoError(t, err)
	require.True(t, conf.JetStream)
	passwords := map[string]string{}
	for _, u := range conf.Users {
		passwords[u.Username] = u.Password
	}
	for name, process := range callers(t) {
		require.Equal(t, "nats://broker:4222", process.Environment["AMENDS_BROKER_URL"], name)
		require.Equal(t, name, process.Environment["AMENDS_BROKER_USER"])
		require.NotEmpty(t, passwords[name], name)
		require.Equal(t, passwords[name], settingsOf(t, folder, process).Broker.Password, name)
	}
	require.Len(t, passwords, len(callers(t)), "a user of nobody")
}

// TestTheBrokerIsTheTestedOne: the tests run the server that is a library here.
func TestTheBrokerIsTheTestedOne(t *testing.T) {
	t.Parallel()
	require.Equal(t, "nats:"+server.VERSION+"-alpine", load(t, engineFile).Services["broker"].Image)
}

// TestEveryServiceKnowsItsCallers: each service answers on the network, and knows the
// secrets of all who may call it.
func TestEveryServiceKnowsItsCallers(t *testing.T) {
	t.Parallel()
	folder, _ := secrets(t)
	of := func(s service) callersecrets.Secrets {
		known, err := callersecrets.Parse(settingsOf(t, folder, s).Identity.Secrets)
		require.NoError(t, err)
		require.Equal(t, "mesh", s.Environment["AMENDS_IDENTITY_MTLS"])
		return known
	}
	all := callers(t)
	api, own := of(all["api"]).Of("api")
	require.True(t, own, "the API calls under its name")
	delete(all, "api")
	for name, worker := range all {
		require.True(t, strings.HasSuffix(worker.Environment["AMENDS_RPC_LISTEN"], ":7080"), name)
		known := of(worker)
		require.True(t, known.Match("api", api), name)
		for _, row := range append(policy.Methods, policy.Steps...) {
			for _, caller := range row.From {
				_, found := known.Of(caller)
				require.True(t, found || caller == "*", "%s does not know %s", name, caller)
			}
		}
	}
}
