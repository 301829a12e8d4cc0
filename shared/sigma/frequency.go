package sigma

import (
	"math"
	"sync"
)

// frequency estimates how often short stretches of text occur in logs of web servers and clouds. It steers which part of a
// literal is looked for, never what matches: a bad estimate costs time only.
type frequency struct {
	two   []float32 // by two symbols: probability of the second after the first
	three []float32 // by three symbols: probability of the third after the two
}

// traffic is text as it stands in ordinary records, folded.
const traffic = `mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/126.0.0.0 safari/537.36 edg/126.0
mozilla/5.0 (macintosh; intel mac os x 10_15_7) applewebkit/605.1.15 (khtml, like gecko) version/17.4.1 safari/605.1.15
mozilla/5.0 (iphone; cpu iphone os 17_5 like mac os x) applewebkit/605.1.15 (khtml, like gecko) version/17.5 mobile/15e148 safari/604.1
mozilla/5.0 (x11; linux x86_64; rv:128.0) gecko/20100101 firefox/128.0 mozilla/5.0 (linux; android 14; pixel 8) mobile safari
mozilla/4.0 (compatible; msie 8.0; windows nt 6.1; wow64; trident/4.0; .net clr 2.0.50727; slcc2) micromessenger/8.0.49 nettype/wifi language/zh_cn
https://www.example.com/index.html http://api.example.cn/account/order/detail/list?id=8f3a&page=2&size=20&sort=price&token=9ac07f
/static/js/app.js /assets/css/main.css /images/banner/logo.png /favicon.ico /api/v1/user/login /search?q=phone&category=market
/product/category/goods/detail.html /member/profile/orders/history.json /service/notice/message/comment/content/collect/coupon
text/html; charset=utf-8 application/json application/x-www-form-urlencoded image/png multipart/form-data gzip, deflate, br
sid=5f2d8c6b1e4a9073; lang=zh-cn; _ga=ga1.2.1234567890.9876543210 session=eyj0exaioijkv1qi user12345 admin root
get post head put options delete http/1.1 http/2.0 200 304 404 500 true false null pass block observe
ecdhe-rsa-aes128-gcm-sha256 tls_aes_256_gcm_sha384 tls_aes_128_gcm_sha256 tlsv1.2 tlsv1.3 2026-01-01t08:15:30.000z 10.23.114.7:8080 203.0.113.25
cn-hangzhou cn-shanghai cn-beijing ap-southeast-1 us-east-1 waf_v3prepaid_public_cn-8f3a9c21b7e windows_10 mac_os_x ios linux android chrome safari wechat computer mobile tablet
{"eventversion":"1","eventid":"c3b1f7","eventname":"describeinstances","eventtype":"apicall","eventrw":"read","servicename":"ecs","acsregion":"cn-hangzhou","sourceipaddress":"203.0.113.9","useragent":"alibabacloud (linux; amd64) java/1.8 core/4.5","useridentity":{"type":"ram-user","principalid":"20012345","accountid":"1100000000000003","username":"ops","accesskeyid":"ltai5t"},"requestparameters":{"regionid":"cn-hangzhou","pagesize":"50","instanceids":"i-bp1"},"responseelements":{"requestid":"8e0c"},"errorcode":"","errormessage":"","requestid":"f1d2","eventtime":"2026-01-01t00:00:00z","resourcetype":"acs::ecs::instance","resourcename":"i-bp1"}
{"awsregion":"us-east-1","eventsource":"iam.amazonaws.com","eventname":"getuser","useridentity":{"arn":"arn:aws:iam::123456789012:user/ops","sessioncontext":{"attributes":{"mfaauthenticated":"false"}}}}
c:\windows\system32\cmd.exe /c powershell.exe -noprofile -executionpolicy bypass -command c:\program files\common files\microsoft\ c:\users\admin\appdata\local\temp\ .dll .exe
/usr/bin/bash -c /bin/sh /usr/sbin/sshd /etc/ /var/log/ /tmp/ /home/ python3 systemd cron sudo curl --request accepted publickey for user from port ssh2
tcp udp dns http tls accept deny src_ip dst_ip src_port dst_port policy rule default internet in out ecs bucket object getobject putobject oss-cn-hangzhou.aliyuncs.com
select the set from with for this and of to is on by as at or an be error failed success warning info message reading writing connection request response service user group policy`

// symbols maps a folded byte to one of few classes: letters, one for all digits, and punctuation.
const symbolCount = 64

func symbol(b byte) byte {
	switch {
	case 'a' <= b && b <= 'z':
		return b - 'a'
	case '0' <= b && b <= '9':
		return 26
	case b >= 0x80:
		return 27
	case b < ' ' || b == 0x7f:
		return 28
	case 'A' <= b && b <= 'Z':
		return b - 'A'
	}
	return 29 + (b-' ')%35
}

var builtin = sync.OnceValue(func() *frequency { return newFrequency([]byte(traffic)) })

// newFrequency learns from sample text.
func newFrequency(sample []byte) *frequency {
	const n = symbolCount
	var one [n]float32
	two, three := make([]float32, n*n), make([]float32, n*n*n)
	var a, b int
	for _, c := range sample {
		s := int(symbol(c))
		one[s]++
		two[b*n+s]++
		three[(a*n+b)*n+s]++
		a, b = b, s
	}
	total := float32(len(sample)) + n
	f := &frequency{two: make([]float32, n*n), three: make([]float32, n*n*n)}
	for a := range n {
		var sum float32
		for b := range n {
			sum += two[a*n+b]
		}
		for b := range n { // what was not seen is estimated from shorter stretches
			f.two[a*n+b] = (two[a*n+b] + 2*(one[b]+1)/total) / (sum + 2)
		}
	}
	for ab := range n * n {
		var sum float32
		for c := range n {
			sum += three[ab*n+c]
		}
		b := ab % n
		for c := range n {
			f.three[ab*n+c] = (three[ab*n+c] + 2*f.two[b*n+c]) / (sum + 2)
		}
	}
	for b := range n { // the probability of a digit is shared by ten
		for ab := range n * n {
			if b == 26 {
				f.three[ab*n+b] /= 10
			}
		}
		f.two[b*n+26] /= 10
	}
	return f
}

// gram estimates how often a stretch of folded text occurs at one place.
func (f *frequency) gram(g []byte) float64 {
	const n = symbolCount
	if len(g) == 0 {
		return 1
	}
	p := 1.0 / 25
	if g[0] >= 0x80 {
		p = 1.0 / 500
	}
	for i := 1; i < len(g); i++ {
		b, c := int(symbol(g[i-1])), int(symbol(g[i]))
		if i == 1 {
			p *= float64(f.two[b*n+c])
		} else {
			p *= float64(f.three[(int(symbol(g[i-2]))*n+b)*n+c])
		}
	}
	return p
}

// text estimates the chance that a record contains a text somewhere.
func (f *frequency) text(s []byte) float64 {
	const places = 400
	if len(s) > 24 {
		s = s[:24]
	}
	return math.Min(0.9, places*f.gram(s))
}
