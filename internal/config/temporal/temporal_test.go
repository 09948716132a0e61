package temporal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/config/temporal"
)

func TestProblems(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		section temporal.Section
		env     []string
		dev     bool
		want    string
	}{
		"CertWithoutKey": {
			section: temporal.Section{TLSCert: "c.pem"},
			want:    "temporal.tls_key: must be set together with temporal.tls_cert",
		},
		"CertWithoutKeyInTheSDK": {
			env:  []string{"TEMPORAL_TLS_CLIENT_CERT_PATH=c.pem"},
			want: "temporal: invalid TLS config: if either client cert or key path is present, other must be present too",
		},
		"NoSuchProfileFile": {
			section: temporal.Section{ConfigFile: "nowhere.toml"},
			want:    "temporal: no profile file nowhere.toml",
		},
		"DevEverywhere": {
			section: temporal.Section{Address: "0.0.0.0:7233"}, dev: true,
			want: "temporal.address: must be of this machine in `amends dev`: run amends api and amends worker on an engine elsewhere, is \"0.0.0.0:7233\"",
		},
		"DevAddressWithoutPort": {
			section: temporal.Section{Address: "localhost"}, dev: true,
			want: `temporal.address: must be host:port, is "localhost"`,
		},
		"DevNamespaceOfNothing": {
			section: temporal.Section{Namespace: "shop"}, dev: true,
			want: "temporal.namespace: must be set together with temporal.address: the dev server of `amends dev` has its own, is \"shop\"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p setting.Problems
			if test.dev {
				test.section.CheckDev(&p)
			}
			test.section.Check(&p, !test.dev || test.section.Address != "", append([]string{"HOME=" + t.TempDir()}, test.env...))
			require.EqualError(t, p.Err(), test.want)
		})
	}
}
