package reports

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACursorIsOneOfThisList(t *testing.T) {
	t.Parallel()
	token, ok := opened(closed([]byte("token")))
	require.True(t, ok)
	require.Equal(t, "token", string(token))
	token, ok = opened("")
	require.True(t, ok)
	require.Nil(t, token)
	whole := closed([]byte("token"))
	for _, wrong := range []string{"!", "bm9uZQ", whole[:len(whole)-2], whole[2:], closed(nil)} {
		_, ok := opened(wrong)
		require.False(t, ok, wrong)
	}
}
