"""Owns what the check of certificates says; the one rule: each line names its host or its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leh_guardian.language import Text, count
from leh_guardian.ports.certificates import Trust

NO_HOST: Final = Text(ko="확인할 호스트가 설정되지 않았습니다", en="no host is named")
NAME_HOST: Final = Text(ko="checks.hosts를 설정하세요.", en="Set checks.hosts.")
REACH: Final = Text(
    ko="guardian이 있는 곳에서 그 주소의 포트에 접속되는지 확인하세요.",
    en="Look whether the port can be reached from where guardian runs.",
)
RENEW: Final = Text(
    ko="인증서를 갱신하고, 로드 밸런서나 CloudFront가 새 인증서를 쓰는지 확인하세요.",
    en="Renew the certificate, and see that the load balancer or CloudFront uses the new one.",
)
REPLACE: Final = Text(
    ko="새 인증서를 발급받아 사용 중인 서비스에 연결하세요.",
    en="Request a new certificate and put it where this one is used.",
)
VALIDATE: Final = Text(
    ko="ACM 콘솔에서 갱신 상태와 도메인 검증(CNAME 또는 메일)을 확인하세요.",
    en="Look in ACM's console at the renewal and the validation of its domains (CNAME or mail).",
)
IMPORT_AGAIN: Final = Text(
    ko="가져온 인증서는 자동 갱신되지 않습니다. 새 인증서를 같은 ARN으로 다시 가져오세요.",
    en="An imported certificate is not renewed by itself: import a new one under the same ARN.",
)
SEE_ELIGIBLE: Final = Text(
    ko="만료 전에 직접 교체해야 합니다. 왜 자동 갱신 대상이 아닌지 ACM에서 확인하세요.",
    en="Somebody has to replace it before its end. Look in ACM why it is not renewed by itself.",
)
SEE_SERVED: Final = Text(
    ko="리스너나 배포에 어떤 인증서가 연결되어 있는지 확인하세요.",
    en="Look which certificate the listener or the distribution really uses.",
)
PUT_CNAME: Final = Text(
    ko="ACM 콘솔에 있는 CNAME 레코드를 DNS에 다시 넣으세요.", en="Put the CNAME that ACM's console shows back into DNS."
)
SEE_RESOLVER: Final = Text(
    ko="guardian이 있는 곳의 DNS 리졸버(/etc/resolv.conf)를 확인하세요.",
    en="Look at the resolver (/etc/resolv.conf) where guardian runs.",
)
_FAULTS: Final[Mapping[Trust, Text]] = {
    Trust.TRUSTED: Text(ko="신뢰할 수 있음", en="trusted"),
    Trust.EXPIRED: Text(ko="인증서가 만료됨", en="its certificate has expired"),
    Trust.NOT_YET: Text(ko="아직 유효하지 않은 인증서", en="its certificate is not valid yet"),
    Trust.WRONG_NAME: Text(ko="다른 이름의 인증서", en="its certificate is for another name"),
    Trust.SELF_SIGNED: Text(ko="자체 서명 인증서", en="its certificate is self-signed"),
    Trust.CHAIN: Text(ko="인증서 체인이 끊어짐", en="its chain of certificates is broken"),
    Trust.OTHER: Text(ko="인증서를 신뢰할 수 없음", en="its certificate is not trusted"),
}
REPAIR: Final[Mapping[Trust, Text]] = {
    Trust.TRUSTED: RENEW,
    Trust.EXPIRED: RENEW,
    Trust.NOT_YET: Text(
        ko="서버와 guardian의 시계를 확인하세요.", en="Look at the clocks of the server and of guardian."
    ),
    Trust.WRONG_NAME: Text(
        ko="호스트 이름이 든 인증서를 연결하고, SNI 설정을 확인하세요.",
        en="Use a certificate with the host's name, and look at the settings of SNI.",
    ),
    Trust.SELF_SIGNED: Text(
        ko="공인 인증서로 바꾸거나, 사설이라면 checks.ca_file에 루트를 지정하세요.",
        en="Use one of a public authority, or name the private root in checks.ca_file.",
    ),
    Trust.CHAIN: Text(
        ko="중간 인증서까지 보내도록 서버를 고치거나, 사설 루트를 checks.ca_file에 지정하세요.",
        en="Have the server send its intermediate certificates, or name the private root in checks.ca_file.",
    ),
    Trust.OTHER: Text(ko="openssl s_client로 확인하세요.", en="Look with openssl s_client."),
}
"""What to do about each."""


def not_reached(host: str, number: int, why: str) -> Text:
    """Addresses did not answer."""
    return Text(
        ko=f"{host}: 주소 {number}개에 연결하지 못함({why})",
        en=f"{host}: {count(number, 'address', 'addresses')} not reached ({why})",
    )


def unreadable(host: str) -> Text:
    """What it serves is no certificate."""
    return Text(ko=f"{host}: 인증서를 읽을 수 없음", en=f"{host}: its certificate cannot be read")


def untrusted(host: str, trust: Trust, why: str) -> Text:
    """It is not trusted."""
    fault, more = _FAULTS[trust], f" ({why})" if why else ""
    return Text(ko=f"{host}: {fault.ko}{more}", en=f"{host}: {fault.en}{more}")


def ends(host: str, days: int) -> Text:
    """How long it is valid."""
    return Text(ko=f"{host}: 인증서 만료까지 {days}일", en=f"{host}: its certificate ends in {count(days, 'day')}")


def another(host: str) -> Text:
    """It serves another one than ACM has."""
    return Text(
        ko=f"{host}: ACM의 인증서와 다른 인증서를 보냄(일련번호 다름)",
        en=f"{host}: serves another certificate than ACM has for it (serial numbers differ)",
    )


def acm_of(region: str) -> Text:
    """ACM of a region."""
    return Text(ko=f"ACM({region})", en=f"ACM ({region})")


def lost(name: str, status: str) -> Text:
    """ACM's certificate is not good."""
    return Text(ko=f"{name}: ACM 상태 {status}", en=f"{name}: ACM says {status}")


def issued(name: str, days: int) -> Text:
    """How long ACM's certificate is valid."""
    return Text(
        ko=f"{name}: ACM 인증서 만료까지 {days}일", en=f"{name}: ACM's certificate ends in {count(days, 'day')}"
    )


def imported(name: str, days: int) -> Text:
    """... of one that was imported."""
    return Text(
        ko=f"{name}: 가져온 인증서(자동 갱신 안 됨) 만료까지 {days}일",
        en=f"{name}: imported, never renewed by itself, ends in {count(days, 'day')}",
    )


def ineligible(name: str) -> Text:
    """ACM will not renew it."""
    return Text(
        ko=f"{name}: 사용 중이지만 자동 갱신 대상이 아님(INELIGIBLE)",
        en=f"{name}: in use, and ACM will not renew it (INELIGIBLE)",
    )


def renewal_failed(name: str, why: str) -> Text:
    """ACM has tried in vain."""
    return Text(ko=f"{name}: 자동 갱신 실패({why})", en=f"{name}: its renewal failed ({why})")


def renewal_waits(name: str, why: str) -> Text:
    """ACM waits for somebody."""
    return Text(
        ko=f"{name}: 갱신이 도메인 검증을 기다림({why})", en=f"{name}: its renewal waits for validation ({why})"
    )


def late(name: str, days: int) -> Text:
    """ACM should have renewed it."""
    return Text(
        ko=f"{name}: 만료 {days}일 전인데 아직 갱신되지 않음",
        en=f"{name}: not renewed yet, {count(days, 'day')} before its end",
    )


def by_mail(name: str) -> Text:
    """A person must answer."""
    return Text(
        ko=f"{name}: 메일 검증이라 갱신마다 사람이 승인해야 함",
        en=f"{name}: validated by mail, so that a person has to approve each renewal",
    )


def cname_gone(name: str) -> Text:
    """The CNAME is missing."""
    return Text(
        ko=f"검증용 CNAME이 DNS에 없거나 다른 곳을 가리킴: {name}",
        en=f"the validation's CNAME {name} is missing in DNS or points elsewhere",
    )


def dns_silent(name: str, why: str) -> Text:
    """DNS did not say."""
    return Text(
        ko=f"검증용 CNAME {name}: 확인하지 못함({why})", en=f"the validation's CNAME {name}: not looked at ({why})"
    )
