package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config"
)

func TestGuestsAreLetInOnThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		auth, address string
		want          bool
	}{
		{"", "127.0.0.1:0", true},
		{"", "[::1]:8080", true},
		{"", "localhost:8080", true},
		{"", "0.0.0.0:8080", false},
		{"", ":8080", false},
		{"", "shop.example:8080", false},
		{"required", "127.0.0.1:0", false},
		{"optional", "0.0.0.0:8080", true},
	} {
		settings := config.Default()
		settings.Auth, settings.HTTPAddr = c.auth, c.address
		require.Equal(t, c.auth == "optional", settings.Guests(), "only `amends dev` has another default")
		settings.LetGuestsIn()
		require.Equal(t, c.want, settings.Guests(), "%+v", c)
	}
}
