package edge

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClientAddress(t *testing.T) {
	t.Parallel()
	request := func(socket string, forwarded ...string) *http.Request {
		return &http.Request{RemoteAddr: socket, Header: http.Header{"X-Forwarded-For": forwarded, "X-Real-Ip": {"6.6.6.6"}}}
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("fd00::/8")}

	require.Equal(t, "10.0.0.1", clientIP(nil)(request("10.0.0.1:1", "1.2.3.4")), "nobody is trusted")
	require.Equal(t, "1.2.3.4", clientIP(trusted)(request("10.0.0.1:1", "1.2.3.4")))
	require.Equal(t, "1.2.3.4", clientIP(trusted)(request("10.0.0.1:1", "9.9.9.9, 1.2.3.4, 10.9.9.9")), "what the client claims is not believed")
	require.Equal(t, "8.8.8.8", clientIP(trusted)(request("8.8.8.8:1", "1.2.3.4")))
	require.Equal(t, "127.0.0.1", clientIP(trusted)(request("127.0.0.1:1", "1.2.3.4")), "only what is listed is trusted")
	require.Equal(t, "2001:db8:1::/48", network("2001:db8:1:2::3"))
	require.Equal(t, "192.0.2.0/24", network("::ffff:192.0.2.7"))
	require.Empty(t, network("nonsense"))
}
