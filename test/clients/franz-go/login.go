package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// versions listens to what the client logs of its requests: the newest version of each.
type versions struct {
	mu   sync.Mutex
	seen map[string]int
}

var (
	newest = versions{seen: map[string]int{}}
	wrote  = regexp.MustCompile(`^wrote (\w+) v(\d+)`)
)

func (v *versions) Level() kgo.LogLevel { return kgo.LogLevelDebug }

func (v *versions) Log(_ kgo.LogLevel, text string, _ ...any) {
	found := wrote.FindStringSubmatch(text)
	if found == nil {
		return
	}
	n, _ := strconv.Atoi(found[2])
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen[found[1]] = max(v.seen[found[1]], n)
}

func (v *versions) all() map[string]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string]int{}
	for api, n := range v.seen {
		all[api] = n
	}
	return all
}

func (l *login) token(ctx context.Context) (string, error) {
	if l.TokenURL == "" {
		return l.Password, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}}.Encode()
	request, err := http.NewRequestWithContext(ctx, "POST", l.TokenURL, strings.NewReader(form))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(l.User, l.ClientSecret)
	request.Header.Set("content-type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(response.Body).Decode(&body)
	return body.AccessToken, err
}

func (l *login) mechanism() sasl.Mechanism {
	switch l.Mechanism {
	case "OAUTHBEARER":
		return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
			token, err := l.token(ctx)
			return oauth.Auth{Token: token}, err
		})
	case "PLAIN":
		return plain.Auth{User: l.User, Pass: l.Password}.AsMechanism()
	default:
		return scram.Auth{User: l.User, Pass: l.Password}.AsSha512Mechanism()
	}
}

func (l *login) client(more ...kgo.Opt) (*kgo.Client, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(l.Address),
		kgo.SASL(l.mechanism()),
		kgo.WithLogger(&newest),
		kgo.RetryTimeout(8 * time.Second),
	}
	if l.CA != "" {
		pem, err := os.ReadFile(l.CA)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		opts = append(opts, kgo.DialTLSConfig(&tls.Config{RootCAs: pool}))
	}
	return kgo.NewClient(append(opts, more...)...)
}
