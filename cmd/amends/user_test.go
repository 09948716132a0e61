package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/user"
)

// An operator makes an account, gives it a key and a role, and locks it.
func TestUser(t *testing.T) {
	t.Parallel()

	env := []string{
		"AMENDS_SERVICES_USER_DSN=sqlite:" + filepath.Join(t.TempDir(), "user.db"),
		"AMENDS_SERVICES_USER_SECRET=a secret of tests that is long enough",
	}
	users := func(args ...string) string {
		t.Helper()
		out, err := once(t, env, append([]string{"user"}, args...)...)
		require.NoError(t, err)
		return out
	}
	refused := func(args ...string) string {
		t.Helper()
		_, err := once(t, env, append([]string{"user"}, args...)...)
		require.Error(t, err)
		return err.Error()
	}
	_, err := once(t, env[:1], "migrate", "user")
	require.NoError(t, err, "a migration needs no secret")
	_, err = once(t, env[:1], "user", "outbox")
	require.ErrorContains(t, err, "services.user.secret: must be set")
	_, err = once(t, append(env[:1:1], "AMENDS_SERVICES_USER_SECRET=short-secret"), "user", "outbox")
	require.ErrorContains(t, err, "services.user.secret: must have at least 24 characters")
	require.NotContains(t, err.Error(), "short-secret")

	require.Contains(t, refused("show", "ada@example.com"), "there is no such account")
	require.Contains(t, users("create", "ada@example.com", "--name", "Ada", "--role", "support", "--by", "root"), "Ada, support")
	require.Contains(t, refused("create", "ADA@example.com", "--name", "Ada"), "another account has the address")
	require.Contains(t, refused("create", "eve@example.com", "--name", "Eve", "--role", "king"), "customer, support, operator")

	key := strings.TrimSpace(users("key", "create", "ada@example.com", "--name", "script", "--scope", "orders:read", "--by", "root"))
	require.Regexp(t, `^amk_[a-z2-7]{16}_[\w-]{43}$`, key)
	require.Contains(t, refused("key", "create", "ada@example.com", "--name", "x", "--scope", "operator"), "none of the role support")
	require.Contains(t, users("role", "ada@example.com", "operator", "--reason", "on call", "--by", "root"), "Ada, operator")
	require.Contains(t, users("lock", "ada@example.com", "--reason", "on leave", "--by", "root"), "locked: on leave")
	require.NotContains(t, users("unlock", "ada@example.com", "--reason", "back", "--by", "root"), "locked")
	require.Contains(t, refused("lock", "ada@example.com"), `required flag(s) "reason" not set`)

	var shown struct {
		ID      string
		Keys    []user.APIKey
		Records []user.Record
	}
	require.NoError(t, json.Unmarshal([]byte(users("show", "ada@example.com", "--json")), &shown))
	require.Equal(t, []string{"orders:read"}, shown.Keys[0].Scopes)
	require.Equal(t, []any{user.Unlocked, "root", "back"}, []any{shown.Records[0].Event, shown.Records[0].By, shown.Records[0].Note})
	require.Len(t, shown.Records, 5)
	table := users("show", shown.ID)
	require.Contains(t, table, "on leave")
	require.NotContains(t, table, key)
	require.Contains(t, users("key", "revoke", shown.ID, shown.Keys[0].ID), "is revoked")
	require.NotContains(t, users("show", shown.ID), "script")
	require.Equal(t, "[]\n", users("outbox", "--json"))
}
