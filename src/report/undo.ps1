#
#   PATH-OF-THIS-FILE            shows with -WhatIf what it would take back, and changes nothing
#   PATH-OF-THIS-FILE -Apply     takes back the steps that were taken, the last one first, as far as the first error
#   PATH-OF-THIS-FILE -Step 1,3  these steps alone, whether or not the other file took them
[CmdletBinding()]
param([switch]$Apply, [int[]]$Step = @())
$ErrorActionPreference = 'Stop'
$Preview = -not $Apply
$OnError = if ($Apply) { 'Stop' } else { 'Continue' }
# RUN
$Here = $MyInvocation.MyCommand.Path
$Record = $Here -replace '\.undo\.ps1$', '.done'
$Done = @()
if (Test-Path -LiteralPath $Record) { $Done = @(Get-Content -LiteralPath $Record) }

function Invoke-Step([int]$Number, [string]$Title, [string]$OnRequest, [scriptblock[]]$Do) {
    if ($Step.Count -gt 0 -and $Step -notcontains $Number) { return }
    if ($Step.Count -eq 0 -and $Done -notcontains "$Run $Number") { Write-Host "$Number. ${Title}: was not taken"; return }
    Write-Host "Takes back $Number. $Title"
    foreach ($One in $Do) { & $One }
    if ($Apply) {
        $script:Done = @($script:Done | Where-Object { $_ -ne "$Run $Number" })
        Set-Content -LiteralPath $Record -Value $script:Done
    }
}

Start-Transcript -Path ($Here -replace '\.ps1$', '.log') -Append
try {
    if ($Preview) { Write-Host 'This changes nothing; with -Apply it does the following.' }
# STEPS
}
finally { Stop-Transcript }
