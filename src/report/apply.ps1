#
# Run it in the shell of the Exchange organisation that it is for, by its path, which is .\mend.ps1 here:
#
#   .\mend.ps1                   shows each step with -WhatIf, and changes nothing
#   .\mend.ps1 -Apply            takes the steps, in this order, as far as the first error; run again, it goes on with the
#                                command that failed
#   .\mend.ps1 -Apply -Step 1,3  these steps alone, and (1..22) for all of a range; what is taken on request is taken so
#
# Take it there and not with `powershell -File`, which has none of that shell's commands. What it does is logged beside it
# (.log), each command that was done is kept beside it (.done), and the file that ends in .undo.ps1 takes back those.
[CmdletBinding()]
param([switch]$Apply, [string[]]$Step = @())
$ErrorActionPreference = 'Stop'
$Preview = -not $Apply
# A step may need the one before it, which a preview did not take.
$OnError = if ($Apply) { 'Stop' } else { 'Continue' }
# From elsewhere than a shell, 1,3 comes as one word.
$Wanted = @($Step | ForEach-Object { $_ -split ',' } | ForEach-Object { [int]$_ })
# RUN
$Here = $MyInvocation.MyCommand.Path
$Record = $Here -replace '\.ps1$', '.done'
$Done = @()
if (Test-Path -LiteralPath $Record) { $Done = @(Get-Content -LiteralPath $Record) }

function Invoke-Step([int]$Number, [string]$Title, [string]$OnRequest, [scriptblock[]]$Do, [string[]]$Remarks = @(), [int[]]$Reads = @()) {
    if ($Wanted.Count -gt 0 -and $Wanted -notcontains $Number) { return }
    if (@($Done | Where-Object { $_ -like "$Run $Number-*" }).Count -gt 0) { throw "$Number. ${Title}: taken back in part; first let the file that ends in .undo.ps1 finish" }
    if ($Done -contains "$Run $Number") { Write-Host "$Number. ${Title}: taken already"; return }
    if ($OnRequest -ne '' -and $Wanted -notcontains $Number) { Write-Host "$Number. ${Title}: with -Step $Number alone ($OnRequest)"; return }
    Write-Host "$Number. $Title"
    foreach ($Remark in $Remarks) { Write-Host "   $Remark" }
    $At = 0
    foreach ($One in $Do) {
        $At = $At + 1
        if ($Done -contains "$Run $Number.$At") { Write-Host "   command $At was done already" }
        else {
            & $One
            # What only reads, or is for this session alone, is done again.
            if ($Apply -and $Reads -notcontains $At) { Add-Content -LiteralPath $Record -Value "$Run $Number.$At" }
        }
    }
    if ($Apply) { Add-Content -LiteralPath $Record -Value "$Run $Number" }
}

Start-Transcript -Path ($Here -replace '\.ps1$', '.log') -Append
try {
    if ($Preview) { Write-Host 'This changes nothing; with -Apply it does the following.' }
# STEPS
}
finally { Stop-Transcript }
