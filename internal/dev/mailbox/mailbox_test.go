package mailbox_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/mailbox"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/channel/smtp"
)

// TestAMailboxKeepsEachMailOnce: mails arrive by SMTP, and a repeat is dropped by its
// Message-ID.
func TestAMailboxKeepsEachMailOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	box := mailbox.In(dir)
	none, err := box.List(10)
	require.NoError(t, err)
	require.Empty(t, none)
	server, err := mailbox.Start(t.Context(), box)
	require.NoError(t, err)
	out, err := smtp.New(server.URL(), "Shop <shop@shop.example>")
	require.NoError(t, err)
	for _, key := range []string{"k1", "k2", "k1"} {
		require.NoError(t, out.Send(t.Context(), channel.Message{Key: key, To: "ada@example.com", Subject: "Bestätigt: " + key, Text: "Grüße\n", HTML: "<p>Grüße</p>"}))
	}
	all, err := box.List(10)
	require.NoError(t, err)
	require.Len(t, all, 2)
	one, err := box.List(1)
	require.NoError(t, err)
	require.Equal(t, all[:1], one)
	for _, m := range all {
		require.Equal(t, []string{"ada@example.com"}, m.To)
		require.Equal(t, `"Shop" <shop@shop.example>`, m.From)
		require.Contains(t, []string{"Bestätigt: k1", "Bestätigt: k2"}, m.Subject)
		require.Contains(t, m.Text, "Grüße")
		require.Contains(t, m.HTML, "<p>Grüße</p>")
		got, err := box.Get(m.ID)
		require.NoError(t, err)
		require.Equal(t, m, got)
	}
	files, err := os.ReadDir(filepath.Join(dir, "mailbox"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	info, err := files[0].Info()
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "mails have secrets")
	for _, id := range []string{"../x", "0123456789abcdef", ""} {
		_, err := box.Get(id)
		require.ErrorIs(t, err, mailbox.ErrNone, id)
	}
	require.NoError(t, server.Stop())
	require.Error(t, out.Send(t.Context(), channel.Message{Key: "k3", To: "ada@example.com"}))
}
