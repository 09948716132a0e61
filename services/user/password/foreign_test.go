package password_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/user/password"
)

func TestTheHashOfAnotherProgramIsWrapped(t *testing.T) {
	t.Parallel()
	h, err := password.New(quick)
	require.NoError(t, err)
	for name, salt := range map[string]string{"WithASalt": "pepper$and salt", "WithoutASalt": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sum := sha256.Sum256([]byte(salt + "an old pässword"))
			digest := hex.EncodeToString(sum[:])
			wrapped, err := h.Wrap(t.Context(), salt, strings.ToUpper(digest))
			require.NoError(t, err)
			require.NotContains(t, wrapped, digest, "the weak hash is not kept")

			same, old, err := h.Compare(t.Context(), wrapped, "an old pässword")
			require.NoError(t, err)
			require.True(t, same)
			require.True(t, old, "its own hash is to replace it")
			for _, wrong := range []string{"", "another password", digest, wrapped} {
				same, _, err := h.Compare(t.Context(), wrapped, wrong)
				require.NoError(t, err)
				require.False(t, same, wrong)
			}
		})
	}
}

// An account that has no password yet is not one whose hash is empty.
func TestNoHashIsWrapped(t *testing.T) {
	t.Parallel()
	h, err := password.New(quick)
	require.NoError(t, err)
	_, _, err = h.Compare(t.Context(), "$sha256$!!!$argon2id$broken", "x")
	require.Error(t, err, "a hash that cannot be read is a bug, not a wrong password")
}
