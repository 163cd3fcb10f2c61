# Writes what nsdiag reads of Exchange into the folder exchange-export, as JSON.
# It only reads (Get-...). Run it in the Exchange Management Shell, or in
# PowerShell after Connect-ExchangeOnline; the role View-Only Organization
# Management is enough. Then:
#   nsdiag check DOMAIN --exchange-export exchange-export
$folder = Join-Path (Get-Location).ProviderPath 'exchange-export'
New-Item -ItemType Directory -Force -Path $folder | Out-Null

# Recipients of the whole forest, not of one domain; for this session only.
if (Get-Command Set-ADServerSettings -ErrorAction SilentlyContinue) {
    Set-ADServerSettings -ViewEntireForest $true
}

$recipient = -split 'Alias PrimarySmtpAddress EmailAddresses
    RecipientTypeDetails ExternalEmailAddress Database
    HiddenFromAddressListsEnabled RequireSenderAuthenticationEnabled'
$wanted = [ordered]@{
    'Get-AcceptedDomain' = -split 'DomainName DomainType AddressBookEnabled
        MatchSubDomains CatchAllRecipientID'
    'Get-SendConnector' = -split 'Enabled AddressSpaces SmartHosts
        SmartHostsString DNSRoutingEnabled SmartHostAuthMechanism Port
        TlsDomain TlsAuthLevel RequireTLS IgnoreSTARTTLS
        CloudServicesMailEnabled UseExternalDNSServersEnabled
        DomainSecureEnabled Fqdn SourceTransportServers IsScopedConnector
        MaxMessageSize'
    'Get-ReceiveConnector' = -split 'Identity Server Enabled Bindings
        RemoteIPRanges AuthMechanism PermissionGroups TransportRole Fqdn
        MaxMessageSize'
    'Get-RecipientFilterConfig' = -split 'Enabled RecipientValidationEnabled
        BlockListEnabled BlockedRecipients'
    'Get-EdgeSubscription' = -split 'Site'
    'Get-ExchangeServer' = -split 'Fqdn ServerRole Site AdminDisplayVersion
        IsMailboxServer IsClientAccessServer IsHubTransportServer
        IsUnifiedMessagingServer IsEdgeServer'
    'Get-InboundConnector' = -split 'Enabled ConnectorType SenderDomains
        SenderIPAddresses RequireTls TlsSenderCertificateName
        RestrictDomainsToIPAddresses RestrictDomainsToCertificate'
    'Get-OutboundConnector' = -split 'Enabled ConnectorType RecipientDomains
        SmartHosts UseMXRecord IsTransportRuleScoped AllAcceptedDomains
        RouteAllMessagesViaOnPremises TlsSettings'
    # What rules do and whom they are for; what they look for in messages is
    # left out but for its kind.
    'Get-TransportRule' = -split 'State Mode StopRuleProcessing ActivationDate
        ExpiryDate Conditions Exceptions Actions
        RecipientDomainIs SentTo SentToScope FromScope
        ExceptIfRecipientDomainIs ExceptIfSentTo ExceptIfSentToScope
        ExceptIfFromScope
        RejectMessageReasonText RejectMessageEnhancedStatusCode
        SmtpRejectMessageRejectText SmtpRejectMessageRejectStatusCode
        Disconnect DeleteMessage RedirectMessageTo AddManagerAsRecipientType
        Quarantine ModerateMessageByUser ModerateMessageByManager
        RouteMessageOutboundConnector'
    'Get-RemoteDomain' = -split 'DomainName NDREnabled AutoForwardEnabled'
    'Get-TransportConfig' = -split 'InternalSMTPServers MaxSendSize
        MaxReceiveSize'
    'Get-Recipient' = $recipient
    'Get-Mailbox' = $recipient + (-split 'ForwardingAddress
        ForwardingSmtpAddress DeliverToMailboxAndForward AccountDisabled')
    'Get-DistributionGroup' = $recipient
}

# A value as a text, a boolean or a list of texts: ConvertTo-Json has nothing
# left to flatten, and enumerations are written by name.
function Get-Plain($value) {
    if ($null -eq $value -or $value -is [bool]) { return $value }
    if ($value -is [datetime]) {
        return $value.ToUniversalTime().ToString('s') + 'Z'
    }
    if ($value -is [Collections.IEnumerable] -and $value -isnot [string]) {
        $list = @(foreach ($one in $value) { [string](Get-Plain $one) })
        return , $list
    }
    # Conditions and actions of rules are told by their type.
    $type = "$($value.PSObject.TypeNames[0])"
    if ($type -match '(Predicate|Action)$') { return $type }
    $dn = $value.PSObject.Properties['DistinguishedName']
    if ($dn) { return "$($dn.Value)" }
    return "$value"
}

foreach ($name in $wanted.Keys) {
    if (-not (Get-Command $name -ErrorAction SilentlyContinue)) { continue }
    $options = @{ ErrorAction = 'Stop' }
    $head = '{"cmdlet":"' + $name + '",'
    if ('Get-Recipient', 'Get-Mailbox', 'Get-DistributionGroup' -eq $name) {
        $options.ResultSize = 'Unlimited'
        $head += '"resultSize":"Unlimited",'
    }
    $properties = -split 'Name DistinguishedName WhenChangedUTC'
    $properties += $wanted[$name]
    $file = Join-Path $folder "$name.json"
    $utf8 = New-Object Text.UTF8Encoding $false
    $writer = New-Object IO.StreamWriter $file, $false, $utf8
    $between = ''
    try {
        $writer.Write($head + '"objects":[')
        & $name @options | ForEach-Object {
            $object = [ordered]@{}
            foreach ($property in $properties) {
                if ($_.PSObject.Properties[$property]) {
                    $object[$property] = Get-Plain $_.$property
                }
            }
            $json = ConvertTo-Json $object -Depth 3 -Compress
            $writer.Write($between + "`n" + $json)
            $between = ','
        }
        $writer.Write("`n]}`n")
        $writer.Close()
    }
    catch {
        # A part of an answer is worse than none.
        $writer.Close()
        Remove-Item $file
        Write-Warning "$name is left out: $_"
    }
}
