package agentse2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/core/report"
)

// TestLogins has four real agents at once work with one login, whose tokens are
// about to run out, against a service that ends the login when a refresh token
// comes twice. Claude Code knows no other service than its own: its requests are
// led to the test's by a proxy with a certificate that it is told to trust.
//
// The levels that close the network are not among these: nothing that listens
// on this machine can be reached there.
func TestLogins(t *testing.T) {
	asked := "," + os.Getenv("AGENTS_E2E") + ","
	for _, name := range []string{"claude", "codex"} {
		for _, level := range []string{"auto", "off"} {
			t.Run(name+" "+level, func(t *testing.T) {
				if !strings.Contains(asked, ","+name+",") {
					t.Skip("AGENTS_E2E does not name it")
				}
				t.Parallel()
				fourWithOneLogin(t, name, level)
			})
		}
	}
}

func fourWithOneLogin(t *testing.T, name, level string) {
	t.Helper()
	script := fakemodel.Script{Default: "No scenario.", Scenarios: map[string][]fakemodel.Step{}}
	tasks := "version: 1\nname: tax\ngoal: Four files\ntarget: main\nbudget: {parallel: 4}\naccept: [[test, -f, f3/file]]\ntasks:\n"
	for i := range 4 {
		file, scenario := fmt.Sprintf("f%d/file", i), fmt.Sprintf("s%d", i)
		script.Scenarios[scenario] = []fakemodel.Step{{Text: "Writing.", Do: []fakemodel.Op{{Kind: fakemodel.Write, Path: file, Text: "here\n"}}}, {Text: "WROTE"}}
		tasks += fmt.Sprintf("  - {id: %s, type: chore, title: File %d, prompt: \"[[scenario:%s]] Write %s.\", scope: [f%d/**], accept: [[test, -f, %s]]}\n", scenario, i, scenario, file, i, file)
	}
	var s *loginService
	agent := who{name: name, settings: func(p *place) object {
		s = newLoginService(t, name, p.model.URL)
		return s.settings(p)
	}}
	p := newPlace(t, agent, script, set{})
	p.put("repo/.muster/config.yaml", "sandbox: "+level+"\n"+p.config(set{}))
	p.git("commit", "-qam", "level")
	p.put("tax.yaml", tasks)
	before := s.live
	p.put(s.file, s.content())
	if err := os.Chmod(filepath.Join(p.root, s.file), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, s.env...)
	p.run().ends(done)
	for _, task := range p.view().Tasks {
		if task.State != report.Landed || len(task.Attempts) != 1 {
			t.Errorf("%s is %s after %d attempts\n%s", task.ID, task.State, len(task.Attempts), p.describe())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Logf("%d renewals, %d requests to the model, %d refused", s.renewed, s.answered, s.refused)
	data, err := os.ReadFile(filepath.Join(p.root, s.file))
	if err != nil || !strings.Contains(string(data), s.live.refresh) || !strings.Contains(string(data), s.live.access) || s.live == before {
		t.Errorf("the person's file has not the live tokens %+v: %s %v", s.live, data, err)
	}
	if s.renewed == 0 || s.reused != 0 || s.answered < 8 {
		t.Errorf("renewed %d times, %d refresh tokens came twice, %d requests were answered", s.renewed, s.reused, s.answered)
	}
}

type loginTokens struct{ access, refresh string }

// loginService is what an agent's program renews its tokens at, and asks its
// model through.
type loginService struct {
	agent string
	file  string   // of the login, below the place
	env   []string // that Muster is started with
	url   string
	model *httputil.ReverseProxy

	mu       sync.Mutex
	live     loginTokens
	renewed  int
	reused   int
	answered int
	refused  int
}

// holds is how long a new token holds beyond the five minutes before its end in
// which both programs renew it.
const holds = 2 * time.Second

const renewsAhead = 5 * time.Minute

func newLoginService(t *testing.T, agent, model string) *loginService {
	t.Helper()
	to, err := url.Parse(model)
	if err != nil {
		t.Fatal(err)
	}
	s := &loginService{agent: agent, model: httputil.NewSingleHostReverseProxy(to), file: "home/.claude/.credentials.json"}
	if agent == "codex" {
		s.file = "home/.codex/auth.json"
	}
	s.model.FlushInterval = -1
	s.live = s.fresh(time.Minute - renewsAhead) // so that it is renewed at once
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// settings points the agent at the service.
func (s *loginService) settings(p *place) object {
	if s.agent == "codex" {
		provider := fmt.Sprintf(`model_providers.fake={name="fake",base_url="%s/v1",requires_openai_auth=true,wire_api="responses"}`, s.url)
		return object{
			"driver": "codex", "model": "gpt-5.5", "login": "subscription", "args": []string{"-c", "model_provider=fake", "-c", provider},
			"env": object{"CODEX_REFRESH_TOKEN_URL_OVERRIDE": s.url + "/oauth/token"},
		}
	}
	ca, proxy := s.intercept(p)
	s.env = []string{"NODE_EXTRA_CA_CERTS=" + ca}
	return object{
		"driver": "claude", "login": "subscription",
		"env": object{"HTTPS_PROXY": proxy, "NODE_EXTRA_CA_CERTS": ca, "CLAUDE_CODE_MAX_RETRIES": "2"},
	}
}

// fresh gives tokens that are renewed after a time.
func (s *loginService) fresh(after time.Duration) loginTokens {
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	now := time.Now()
	claims := object{"exp": now.Add(renewsAhead + after).Unix(), "iat": now.Unix(), "jti": rand.Text(), "email": "kim@localhost", "https://api.openai.com/auth": object{
		"chatgpt_account_id": "me", "chatgpt_plan_type": "pro", "chatgpt_user_id": "kim",
	}}
	return loginTokens{access: part(object{"alg": "none"}) + "." + part(claims) + ".c2ln", refresh: "rt-" + rand.Text()}
}

// content is the file of the login, as its program writes it.
func (s *loginService) content() string {
	var o object
	if s.agent == "codex" {
		o = object{"auth_mode": "chatgpt", "OPENAI_API_KEY": nil, "last_refresh": time.Now().UTC().Format(time.RFC3339), "tokens": object{
			"id_token": s.live.access, "access_token": s.live.access, "refresh_token": s.live.refresh, "account_id": "me",
		}}
	} else {
		o = object{"claudeAiOauth": object{
			"accessToken": s.live.access, "refreshToken": s.live.refresh, "expiresAt": time.Now().Add(time.Minute).UnixMilli(),
			"scopes": []string{"user:inference", "user:profile"}, "subscriptionType": "max", "rateLimitTier": "default",
		}}
	}
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// ServeHTTP renews tokens, and passes on to the model what comes with the live
// one.
func (s *loginService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/oauth/token") {
		s.renew(w, r)
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/v1/messages") && !strings.HasPrefix(r.URL.Path, "/v1/responses") {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.mu.Lock()
	isLive := r.Header.Get("Authorization") == "Bearer "+s.live.access
	if isLive {
		s.answered++
	} else {
		s.refused++
	}
	s.mu.Unlock()
	if !isLive {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"type":"error","error":{"type":"authentication_error","message":"the token is no more"}}`)
		return
	}
	r.Header.Set("Authorization", "Bearer "+testKey) // what every place demands of its requests
	s.model.ServeHTTP(w, r)
}

func (s *loginService) renew(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Refresh string `json:"refresh_token"`
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(data, &body)
	}
	w.Header().Set("Content-Type", "application/json")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || body.Refresh != s.live.refresh {
		s.reused++
		s.live = loginTokens{} // the login is at its end
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		return
	}
	s.renewed++
	s.live = s.fresh(holds)
	_ = json.NewEncoder(w).Encode(object{
		"token_type": "Bearer", "access_token": s.live.access, "id_token": s.live.access, "refresh_token": s.live.refresh,
		"expires_in": int((renewsAhead + holds).Seconds()), "scope": "user:inference user:profile",
	})
}

// intercept gives a proxy that leads every host to the service, and the file
// with the certificate by which it does.
func (s *loginService) intercept(p *place) (ca, proxy string) {
	t := p.t
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"platform.claude.com", "console.anthropic.com", "api.anthropic.com", "claude.ai"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	p.put("ca.pem", text.String())
	inner := httptest.NewUnstartedServer(s)
	inner.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}} //nolint:gosec // of a test
	inner.StartTLS()
	t.Cleanup(inner.Close)
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", inner.Listener.Addr().String())
		if err != nil || r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = there.Close()
			return
		}
		go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}))
	t.Cleanup(outer.Close)
	return filepath.Join(p.root, "ca.pem"), outer.URL
}
