package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config/broker"
	"github.com/amends/amends/internal/config/setting"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for problem, s := range map[string]broker.Section{
		"broker.url: must be scheme://host:port":                                     {URL: "127.0.0.1:4222"},
		"broker.url: must be one of nats, tls, kafka, kafka+tls before ://":          {URL: "redis://127.0.0.1"},
		"broker.user: must be used, with broker.password, instead of a file of NATS": {URL: "kafka://127.0.0.1", SeedFile: "a"},
		"broker.url: must have no password in it":                                    {URL: "nats://order:secret@127.0.0.1"},
		"broker.tls_cert: must be set together":                                      {TLSKey: "key.pem"},
		"broker.user: must be set together":                                          {User: "order"},
		"broker.seed_file: must be the only one of":                                  {SeedFile: "a", CredentialsFile: "b"},
		"broker.takeover_after: must be from 5s to 10m0s":                            {TakeoverAfter: 4 * time.Second},
		"broker.takeover_after: must be from 15s to 10m0s":                           {URL: "kafka+tls://a:9093", TakeoverAfter: 14 * time.Second},
		"broker.takeover_after: must be from 5s to 10m0s, is \"11m0s\"":              {TakeoverAfter: 11 * time.Minute},
	} {
		var p setting.Problems
		s.Check(&p)
		require.ErrorContains(t, p.Err(), problem)
		require.NotContains(t, p.Err().Error(), "secret@")
	}
	var p setting.Problems
	broker.Default().Check(&p)
	broker.Section{URL: "kafka+tls://a:9093,b:9093", User: "order", Password: "correct-horse-battery", TakeoverAfter: 15 * time.Second}.Check(&p)
	broker.Section{URL: "tls://a:4222,tls://b:4222", User: "order", Password: "correct-horse-battery", TakeoverAfter: 5 * time.Second}.Check(&p)
	require.NoError(t, p.Err())
}
