package visit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASignInLeadsToPagesOfTheConsoleOnly(t *testing.T) {
	t.Parallel()
	for _, own := range []string{"/console/", "/console/orders/1", "/console/orders?state=PENDING&next=http%3A%2F%2Fevil.example"} {
		require.Equal(t, own, next(own))
	}
	for _, foreign := range []string{
		"", "/", "/shop", "/consoles/", "console/", "http://evil.example/console/", "//evil.example/console/", "///evil.example/console/",
		`/\evil.example/console/`, `/console/\evil.example`, "javascript:alert(1)", "http:/console/", "/console/%zz", "\t//evil.example/console/",
		"/console/..//evil.example", "/console/%2e%2e//evil.example",
	} {
		require.Equal(t, "/console/", next(foreign), foreign)
	}
}
