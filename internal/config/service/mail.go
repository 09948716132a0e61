package service

import (
	"net/mail"
	"net/url"

	"github.com/amends/amends/internal/config/setting"
)

// CheckMail reports the rules that the settings of mails break.
func CheckMail(p *setting.Problems, server, from string) {
	if u, err := url.Parse(server); server != "" && (err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps") {
		p.Add("smtp_url", "must be smtp://user:password@host:port or smtps://user:password@host:port", "")
	}
	if _, err := mail.ParseAddress(from); err != nil {
		p.Add("mail_from", "must be an address of mail, such as Shop <shop@example.com>", from)
	}
}
