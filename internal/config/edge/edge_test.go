package edge_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config/edge"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/quota"
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	h := edge.HTTP{Hosts: "shop.example, *.shop.example,*", Origins: "https://shop.example", TrustedProxies: "10.0.0.0/8 , ::1/128"}
	var p setting.Problems
	h.Check(&p)
	require.NoError(t, p.Err())
	hosts, origins, proxies := h.Lists()
	require.Equal(t, []string{"shop.example", "*.shop.example", "*"}, hosts)
	require.Equal(t, []string{"https://shop.example"}, origins)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}, proxies)

	edge.HTTP{Hosts: "http://shop.example", Origins: "shop.example", TrustedProxies: "10.0.0.1"}.Check(&p)
	require.EqualError(t, p.Err(), `http.hosts: must be names such as shop.example or *.shop.example, with commas between them, is "http://shop.example"
http.origins: must be sites such as https://shop.example, with commas between them, is "shop.example"
http.trusted_proxies: must be networks such as 10.0.0.0/8, with commas between them, is "10.0.0.1"`)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	l := edge.DefaultLimits()
	var p setting.Problems
	l.Check(&p)
	require.NoError(t, p.Err())
	require.Equal(t, []quota.Quota{{Name: "burst", Count: 20, Per: time.Second}, {Name: "sustained", Count: 300, Per: time.Minute}}, l.Classes()["place"])
	l.Place, l.Shadow, l.Exempt = "", "browse,place", ""
	l.Check(&p)
	require.NoError(t, p.Err())
	require.Empty(t, l.Classes()["place"])
	shadow, exempt := l.Lists()
	require.Equal(t, []string{"browse", "place"}, shadow)
	require.Empty(t, exempt)

	edge.Limits{Place: "10", Shadow: "orders", Exempt: "localhost"}.Check(&p)
	require.EqualError(t, p.Err(), `limits.place: must be quotas such as burst=10/1s, sustained=300/1m: "10" has no name of lower-case letters, digits and dashes
limits.shadow: must be of browse, read, place, cancel, enter, account, is "orders"
limits.exempt: must be networks such as 10.0.0.0/8, with commas between them, is "localhost"
limits.streams: must be from 1 to 1000, is "0"
limits.callers: must be from 1 to 10000000, is "0"`)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]edge.TLS{
		"": {Cert: "c", Key: "k", ClientCA: "a"},
		"tls.key: must be set together with tls.cert":                        {Cert: "c"},
		"tls.cert: must be set together with tls.key":                        {Key: "k"},
		`tls.self_signed: must not be set together with tls.cert, is "true"`: {Cert: "c", Key: "k", SelfSigned: true},
		`tls.client_ca: needs tls.cert and tls.key, is "a"`:                  {ClientCA: "a"},
	} {
		var p setting.Problems
		c.Check(&p)
		if want == "" {
			require.NoError(t, p.Err())
			continue
		}
		require.EqualError(t, p.Err(), want)
	}
}

func TestPlainHTTPStaysOnLoopback(t *testing.T) {
	t.Parallel()
	plain, secure := edge.DefaultTLS(), edge.TLS{SelfSigned: true}
	for _, c := range []struct {
		tls      edge.TLS
		addr     string
		insecure bool
		refused  bool
	}{
		{plain, "127.0.0.1:8080", false, false},
		{plain, "localhost:8080", false, false},
		{plain, "[::1]:8080", false, false},
		{plain, ":8080", false, true},
		{plain, "0.0.0.0:8080", false, true},
		{plain, "10.0.0.7:8080", false, true},
		{plain, "shop.example:8080", false, true},
		{plain, "0.0.0.0:8080", true, false},
		{secure, "0.0.0.0:8080", false, false},
	} {
		var p setting.Problems
		c.tls.CheckPlain(&p, c.addr, c.insecure)
		require.Equal(t, c.refused, p.Err() != nil, "%+v", c)
	}
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	var p setting.Problems
	edge.DefaultLegacy().Check(&p)
	edge.Legacy{File: "routes.yaml", Secret: "a secret of 24 characters"}.Check(&p)
	require.NoError(t, p.Err())
	edge.Legacy{Secret: "short"}.Check(&p)
	require.EqualError(t, p.Err(), "legacy.secret: must have at least 24 characters")
}
