package key_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/key"
)

// TestStrings: external systems and rows keep these strings, so they never change.
func TestStrings(t *testing.T) {
	t.Parallel()
	first := key.New("ord_1", "shipping.book")
	second := key.Key{Saga: "ord_1", Step: "shipping.book", Generation: 2}
	require.Equal(t, "ord_1/shipping.book", first.String())
	require.Equal(t, "ord_1/shipping.book#2", second.String())
	require.Equal(t, "ord_1/shipping.book/BER", first.Child("BER"))
	require.Equal(t, "ord_1/shipping.book#2/BER", second.Child("BER"))
}

// One outside system may see both keys; they must not name one effect.
func TestAPartIsNoGeneration(t *testing.T) {
	t.Parallel()
	second := key.Key{Saga: "ord_1", Step: "shipping.book", Generation: 2}
	require.NotEqual(t, second.String(), key.New("ord_1", "shipping.book").Child("2"))
}

func TestKeysCompareByValue(t *testing.T) {
	t.Parallel()
	first := key.New("a", "b")
	require.Equal(t, key.Key{Saga: "a", Step: "b"}, first)
	require.NotEqual(t, key.Key{Saga: "a", Step: "b", Generation: 1}, first)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for want, k := range map[string]key.Key{
		`{"saga": "ord_1", "step": "order.create"}`:                  key.New("ord_1", "order.create"),
		`{"saga": "ord_1", "step": "order.create", "generation": 1}`: {Saga: "ord_1", Step: "order.create", Generation: 1},
	} {
		b, err := json.Marshal(k)
		require.NoError(t, err)
		require.JSONEq(t, want, string(b))
		var back key.Key
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, k, back)
	}
}
