package mailbox

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAMailboxKeepsTheNewestMails(t *testing.T) {
	t.Parallel()
	box := Mailbox{t.TempDir(), 3}
	for i := range 5 {
		content := fmt.Appendf(nil, "Message-Id: <%d>\r\n\r\nhello\r\n", i)
		require.NoError(t, box.Put(content))
		at := time.Now().Add(time.Duration(i-5) * time.Minute)
		require.NoError(t, os.Chtimes(box.path(idOf(content)), at, at), "the clock of files may be coarse")
	}
	all, err := box.List(10)
	require.NoError(t, err)
	var ids []string
	for _, m := range all {
		ids = append(ids, m.MessageID)
	}
	require.Equal(t, []string{"<4>", "<3>", "<2>"}, ids)
}
