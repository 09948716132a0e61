// Package mailbox is where the mails of `amends dev` go: an SMTP server of its own, and a
// folder that keeps them as files.
package mailbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/amends/amends/internal/dev/folder"
)

// most is how many mails a mailbox keeps: the newest.
const most = 1000

// Mail is a mail that has arrived.
type Mail struct {
	ID        string    `json:"id"` // its name in the mailbox
	At        time.Time `json:"at"`
	From      string    `json:"from"`
	To        []string  `json:"to"`
	Subject   string    `json:"subject"`
	MessageID string    `json:"message_id"`
	Text      string    `json:"text"`
	HTML      string    `json:"html,omitempty"`
}

// Mailbox is a folder of the newest mails.
type Mailbox struct {
	dir  string
	most int
}

// In returns the mailbox of a data folder, which need not exist.
func In(dataDir string) Mailbox { return Mailbox{filepath.Join(dataDir, "mailbox"), most} }

// Put keeps a mail. As mailboxes do, it drops one whose Message-ID it has already.
func (m Mailbox) Put(content []byte) error {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	path := m.path(idOf(content))
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := folder.Replace(path, content); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	return m.trim()
}

// List returns the newest mails, newest first, at most limit.
func (m Mailbox) List(limit int) ([]Mail, error) {
	ids, err := m.ids()
	if err != nil {
		return nil, err
	}
	all := make([]Mail, 0, min(limit, len(ids)))
	for _, id := range ids[:min(limit, len(ids))] {
		mail, err := m.Get(id)
		if err != nil {
			return nil, err
		}
		all = append(all, mail)
	}
	return all, nil
}

// ErrNone is that of a mail that the mailbox does not have.
var ErrNone = errors.New("there is no such mail")

var name = regexp.MustCompile(`^[0-9a-f]{16}$`)

// Get returns a mail, or [ErrNone].
func (m Mailbox) Get(id string) (Mail, error) {
	if !name.MatchString(id) {
		return Mail{}, ErrNone
	}
	info, err := os.Stat(m.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return Mail{}, ErrNone
	}
	if err != nil {
		return Mail{}, fmt.Errorf("mailbox: %w", err)
	}
	read, err := mail.EMLToMsgFromFile(m.path(id))
	if err != nil {
		return Mail{}, fmt.Errorf("mailbox: read %s: %w", id, err)
	}
	found := Mail{
		ID: id, At: info.ModTime().UTC(), From: strings.Join(read.GetFromString(), ", "), To: addresses(read),
		Subject: subject(read), MessageID: read.GetMessageID(),
	}
	for _, part := range read.GetParts() {
		content, err := part.GetContent()
		if err != nil {
			return found, fmt.Errorf("mailbox: read %s: %w", id, err)
		}
		if part.GetContentType() == mail.TypeTextHTML {
			found.HTML = string(content)
		} else {
			found.Text = string(content)
		}
	}
	return found, nil
}

// addresses returns those to which a mail is addressed.
func addresses(m *mail.Msg) (all []string) {
	for _, to := range m.GetTo() {
		all = append(all, to.Address)
	}
	return all
}

// subject returns the subject of a mail as its reader sees it.
func subject(m *mail.Msg) string {
	encoded := strings.Join(m.GetGenHeader(mail.HeaderSubject), " ")
	if plain, err := new(mime.WordDecoder).DecodeHeader(encoded); err == nil {
		return plain
	}
	return encoded
}

func (m Mailbox) path(id string) string { return filepath.Join(m.dir, id+".eml") }

// ids returns the names of all mails, the newest first.
func (m Mailbox) ids() ([]string, error) {
	entries, err := os.ReadDir(m.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	at := map[string]time.Time{}
	var ids []string
	for _, e := range entries {
		id, isMail := strings.CutSuffix(e.Name(), ".eml")
		info, err := e.Info()
		if !isMail || err != nil {
			continue
		}
		ids, at[id] = append(ids, id), info.ModTime()
	}
	slices.SortFunc(ids, func(a, b string) int { return at[b].Compare(at[a]) })
	return ids, nil
}

// trim removes the oldest mails.
func (m Mailbox) trim() error {
	ids, err := m.ids()
	for _, id := range ids[min(m.most, len(ids)):] {
		err = errors.Join(err, os.Remove(m.path(id)))
	}
	return err
}

// idOf returns the name of a mail: that of its Message-ID, or, without one, of all of it.
func idOf(content []byte) string {
	named := content
	if read, err := netmail.ReadMessage(strings.NewReader(string(content))); err == nil && read.Header.Get("Message-Id") != "" {
		named = []byte(read.Header.Get("Message-Id"))
	}
	sum := sha256.Sum256(named)
	return hex.EncodeToString(sum[:8])
}
