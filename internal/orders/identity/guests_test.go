package identity

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestGuests(t *testing.T) {
	t.Parallel()
	g := NewGuests("a secret of 24 characters")

	t.Run("NeverChange", func(t *testing.T) {
		t.Parallel()
		// If this fails, a guest's repeat makes a second order, and no claim is good any more.
		id := g.Order("cus_42", "7f9c24e8-3b12-4fef-91e0-5d1c1e0a7c33")
		require.Equal(t, "b848a4b0-2cce-4425-b530-d229a1edff8b", id)
		require.Equal(t, "xOwBKLRJWI2bFWQU64LM5KcUNdcZ8B88181O1PLR9J0", g.Claim(id))
		require.Equal(t, "_WUPzH0mIDw7u1wpLti8stmCPRbKk3_DExWMr1UQKC8", g.Contact("ada@example.com", "+49301234567", "de"))
	})

	t.Run("HaveOrdersOfTheirOwnKind", func(t *testing.T) {
		t.Parallel()
		for _, key := range []string{"a", "b", "c", "d"} {
			id, err := uuid.Parse(g.Order("cus_42", key))
			require.NoError(t, err)
			require.Equal(t, uuid.Version(4), id.Version())
			require.Equal(t, uuid.RFC4122, id.Variant())
			require.True(t, OfGuest(id.String()))
			require.False(t, OfGuest(Order("cus_42", key)))
		}
		require.False(t, OfGuest("x"))
	})

	t.Run("DependOnTheSecretTheCustomerAndTheKey", func(t *testing.T) {
		t.Parallel()
		id := g.Order("a", "bc")
		for _, other := range []string{NewGuests("another secret, also long").Order("a", "bc"), g.Order("ab", "c"), g.Order("a", "bd")} {
			require.NotEqual(t, id, other)
		}
	})

	t.Run("SealEachContactOtherwise", func(t *testing.T) {
		t.Parallel()
		seen := map[string]bool{}
		for _, c := range [][3]string{{"a", "b", "c"}, {"ab", "", "c"}, {"", "ab", "c"}, {"a", "b", ""}, {"b", "a", "c"}} {
			seal := g.Contact(c[0], c[1], c[2])
			require.False(t, seen[seal])
			require.NotEqual(t, seal, NewGuests("another secret, also long").Contact(c[0], c[1], c[2]))
			seen[seal] = true
		}
	})

	t.Run("HoldOnlyTheirOwnClaim", func(t *testing.T) {
		t.Parallel()
		id, other := g.Order("cus_42", "a"), g.Order("cus_42", "b")
		claim := g.Claim(id)
		require.True(t, g.Holds(id, claim))
		for _, wrong := range []string{"", g.Claim(other), claim[1:], claim + "A", strings.ToLower(claim), NewGuests("another secret, also long").Claim(id)} {
			require.False(t, g.Holds(id, wrong))
		}
		require.False(t, (*Guests)(nil).Holds(id, claim))
	})
}
