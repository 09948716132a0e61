package cookie_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/shop/cookie"
)

func TestCart(t *testing.T) {
	t.Parallel()

	t.Run("IsReadAsItWasWritten", func(t *testing.T) {
		t.Parallel()
		c := cookie.ParseCart("")
		require.GreaterOrEqual(t, len(c.Key), 22, "128 bits, which a guest's key needs")
		for _, sku := range []string{"MUG", "a b*c!d;e,\"f\\", "Ü", "<script>"} {
			require.True(t, c.Set(sku, 3))
		}
		text := c.String()
		require.Equal(t, c, cookie.ParseCart(text))
		require.Empty(t, strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789!*%+-_."), "a cookie can hold it")
		require.Equal(t, int64(12), c.Units())
	})

	t.Run("AnyTextIsOne", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{"!", "!!*!*1!x*!x*y!x*-1!x*99999999999999999999", "key!%zz*1", strings.Repeat("!a*1", 100)} {
			c := cookie.ParseCart(text)
			require.GreaterOrEqual(t, len(c.Key), 22)
			require.LessOrEqual(t, len(c.Lines), 1, text)
		}
	})

	t.Run("KeepsItsKey", func(t *testing.T) {
		t.Parallel()
		c := cookie.ParseCart("")
		key := c.Key
		require.True(t, c.Set("MUG", 1))
		require.True(t, c.Set("MUG", 2))
		require.True(t, c.Set("MUG", 0))
		require.Equal(t, key, cookie.ParseCart(c.String()).Key)
		require.NotEqual(t, key, cookie.ParseCart("").Key)
	})

	t.Run("HasABound", func(t *testing.T) {
		t.Parallel()
		c := cookie.ParseCart("")
		for i := range 50 {
			c.Set(fmt.Sprint("SKU-", i), cookie.MaxQuantity)
		}
		require.Len(t, c.Lines, cookie.MaxLines)
		require.False(t, c.Set("SKU-1", cookie.MaxQuantity+1))
		long := cookie.ParseCart("")
		for i := range 50 {
			long.Set(fmt.Sprint(strings.Repeat("Ü", 199), i), 1)
		}
		require.Less(t, len(long.String()), 4000, "a browser stores it")
		require.NotEmpty(t, long.Lines)
	})
}

func TestPairs(t *testing.T) {
	t.Parallel()
	var all cookie.Pairs
	for i := range 40 {
		all = all.With(cookie.Pair{Name: fmt.Sprintf("%036d", i), Value: strings.Repeat("c", 43)})
	}
	require.Equal(t, all, cookie.ParsePairs(all.String()))
	require.Less(t, len(all.String()), 4000, "a browser stores them")
	require.Empty(t, all.Of(fmt.Sprintf("%036d", 0)), "the oldest makes room")
	require.Equal(t, strings.Repeat("c", 43), all.Of(fmt.Sprintf("%036d", 39)))
	again := all.With(cookie.Pair{Name: fmt.Sprintf("%036d", 39), Value: "other"})
	require.Len(t, again, len(all))
	require.Equal(t, "other", again.Of(fmt.Sprintf("%036d", 39)))
	require.Equal(t, all, all.With(cookie.Pair{Name: "a", Value: "b!c*d"}))
	require.Empty(t, cookie.ParsePairs("!*!a*!*b"))
}
